// expect: ok, type
const odd = [undefined, null, 1, NaN, {}, [], Symbol("x"), () => {}, new Proxy({}, {}), new Proxy(new Request("http://10.0.0.1"), {}), Object.create(Request.prototype), 10n, "", "\ud800", "http://\ud800/", "http://" + "a".repeat(1e6), "http://" + "@".repeat(5e4), "a://" + "%".repeat(6e4)];
const got = [];
for (const a of odd) got.push(await tried(async () => fetch(a)));
for (const a of odd) got.push(await tried(async () => fetch("http://10.0.0.1", a)));
for (const k of ["method", "headers", "body", "redirect", "signal"]) for (const a of odd) got.push(await tried(async () => fetch("http://10.0.0.1", { method: "POST", [k]: a })));
for (const C of [URL, URLSearchParams, Headers, Request, Response, TextDecoder, DOMException, AbortSignal]) for (const a of odd) got.push(await tried(() => new C(a)));
for (const p of [URL, URLSearchParams, Headers, Request, Response, TextDecoder, TextEncoder, AbortSignal, AbortController])
	for (const k of Reflect.ownKeys(p.prototype)) got.push(await tried(() => p.prototype[k]), await tried(() => p.prototype[k].call({}, {})));
return got.length;

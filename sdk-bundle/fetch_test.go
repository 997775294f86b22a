package sdkbundle_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// answered is what control answers op_fetch with; the body is "hällo".
const answered = `{"status":201,"statusText":"Made","url":"https://a.b/final","redirected":true,"headers":[["content-type","text/plain"],["set-cookie","a=1"],["set-cookie","b=2"],["x","1"],["x","2"]],"body":"aMOkbGxv"}`

func fetcher(t *testing.T, answer isolatetest.Answer) *isolatetest.Rig {
	t.Helper()
	if answer == nil {
		answer = func(isolatetest.Call) (string, bool, bool) { return answered, true, true }
	}
	return isolatetest.Load(t, evaluator, isolatetest.Options{Ops: []string{"op_fetch", "op_abort_fetch"}, Answer: answer})
}

// says runs code that logs one line for each line of want.
func says(t *testing.T, r *isolatetest.Rig, code string, want ...string) {
	t.Helper()
	before := len(logs(r))
	run(t, r, code)
	if diff := cmp.Diff(want, logs(r)[before:]); diff != "" {
		t.Errorf("%s\n(-want +got):\n%s", code, diff)
	}
}

func TestFetchSends(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ code, want string }{
		{`await fetch("https://EXAMPLE.com/a b")`, `{"url":"https://example.com/a%20b","method":"GET","redirect":"follow","headers":[]}`},
		{`await fetch(new URL("?q=1", "http://a.b/c"), {method: "post", body: "hi", headers: {A: " b "}, redirect: "manual"})`,
			`{"url":"http://a.b/c?q=1","method":"POST","redirect":"manual","headers":[["a","b"],["content-type","text/plain;charset=UTF-8"]],"text":"hi"}`},
		{`await fetch("http://a.b", {method: "PUT", body: new Uint8Array([1, 2, 3, 4]).subarray(1, 3)})`,
			`{"url":"http://a.b/","method":"PUT","redirect":"follow","headers":[],"bytes":"AgM="}`},
		{`await fetch("http://a.b", {method: "PUT", body: new DataView(new Uint8Array([1, 2, 3]).buffer, 2)})`,
			`{"url":"http://a.b/","method":"PUT","redirect":"follow","headers":[],"bytes":"Aw=="}`},
		{`await fetch("http://a.b", {method: "PATCH", body: new URLSearchParams({a: "b c", d: "é"})})`,
			`{"url":"http://a.b/","method":"PATCH","redirect":"follow","headers":[["content-type","application/x-www-form-urlencoded;charset=UTF-8"]],"text":"a=b+c&d=%C3%A9"}`},
		{`const q = new Request("http://a.b", {method: "POST", body: "x", headers: [["k", "v"]]}); await fetch(q.clone(), {headers: {z: "1"}})`,
			`{"url":"http://a.b/","method":"POST","redirect":"follow","headers":[["z","1"]],"text":"x"}`},
	} {
		r := fetcher(t, nil)
		run(t, r, row.code)
		sameCalls(t, r, []call{{"op_fetch", row.want}})
	}
}

func TestFetchRefusesAtOnce(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	for code, want := range map[string]string{
		`fetch("/a")`:                                         "Invalid URL: '/a'",
		`fetch()`:                                             "Invalid URL: 'undefined'",
		`fetch("http://u:p@a.b")`:                             "a URL with a user name or password cannot be fetched",
		`fetch("http://a.b", {body: "x"})`:                    "a GET request cannot have a body",
		`fetch("http://a.b", {method: "TRACE"})`:              "the method TRACE cannot be sent",
		`fetch("http://a.b", {method: "A B"})`:                "the method A B cannot be sent",
		`fetch("http://a.b", {headers: {"a b": "c"}})`:        "a b is no name of a header",
		`fetch("http://a.b", {headers: {a: "b\nc"}})`:         "a value has a line break",
		`fetch("http://a.b", {headers: {a: "€"}})`:            "a value has a character above U+00FF",
		`fetch("http://a.b", {headers: [["a"]]})`:             "each entry must be a pair",
		`fetch("http://a.b", {redirect: "x"})`:                "redirect must be",
		`fetch("http://a.b", {signal: {}})`:                   "signal must be an AbortSignal",
		`fetch("http://a.b", {method: "POST", body: {a: 1}})`: "for an object use JSON.stringify",
	} {
		before := len(logs(r))
		run(t, r, `await `+code+`.then(() => console.log("resolved"), (e) => console.log(e instanceof TypeError, e.message))`)
		if got := strings.Join(logs(r)[before:], "\n"); !strings.HasPrefix(got, "true ") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
	if n := len(calls(r)); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestFetchGivesAResponse(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const a = await fetch("http://a.b");
		console.log(a.status, a.ok, a.statusText, a.url, a.redirected, a.type, a.bodyUsed, String(a), a instanceof Response);
		console.log([...a.headers], a.headers.getSetCookie(), a.headers.get("X"), a.headers.has("nope"), a.headers.get("nope"));
		const b = a.clone();
		console.log(await a.text(), a.bodyUsed, b.bodyUsed, await b.bytes());
		await a.text().catch((e) => console.log(e.message));
		try { a.clone() } catch (e) { console.log(e.message) }`,
		"201 true Made https://a.b/final true default false [object Response] true",
		"[\n  [ \"content-type\", \"text/plain\" ],\n  [ \"set-cookie\", \"a=1\" ],\n  [ \"set-cookie\", \"b=2\" ],\n  [ \"x\", \"1, 2\" ]\n] [ \"a=1\", \"b=2\" ] 1, 2 false null",
		"hällo true false Uint8Array(6) [ 104, 195, 164, 108, 108, 111 ]",
		"The body was read already; read a clone(), or keep what you read",
		"The body was read already; clone before it is read")
	says(t, r, `const a = await fetch("http://a.b"); console.log(new Uint8Array(await a.arrayBuffer()).length);
		await (await fetch("http://a.b")).json().catch((e) => console.log(e.name));
		const c = Response.json({a: [1]}, {status: 202, headers: {x: "y"}}); console.log(c.status, c.headers.get("content-type"), await c.json());
		console.log(Response.error().type, Response.error().status, Response.redirect("http://a.b/c", 307).headers.get("location"));
		console.log(await new Response("x").text(), await new Response(null, {status: 204}).text() === "", await new Response(new ArrayBuffer(2)).bytes());
		for (const f of [() => new Response("", {status: 199}), () => new Response("x", {status: 204}), () => Response.redirect("http://a.b", 200), () => Response.json(undefined), () => new Response("", {statusText: "\n"})])
			try { f(); console.log("no error") } catch (e) { console.log(e.name) }`,
		"6", "SyntaxError", "202 application/json { a: [ 1 ] }", "error 0 http://a.b/c", "x true Uint8Array(2) [ 0, 0 ]",
		"RangeError", "TypeError", "RangeError", "TypeError", "TypeError")
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	r := fetcher(t, func(isolatetest.Call) (string, bool, bool) {
		return `{"class":"TypeError","message":"fetch failed: no","code":"FETCH_FAILED","cause":{"code":"ENOTFOUND","message":"no"}}`, false, true
	})
	says(t, r, `await fetch("http://a.b").catch((e) => console.log(e instanceof TypeError, String(e), e.code, e.cause.code, /bundle.js|eval/.test(e.stack)))`,
		"true TypeError: fetch failed: no FETCH_FAILED ENOTFOUND true")
}

func TestAbort(t *testing.T) {
	t.Parallel()
	r := fetcher(t, func(c isolatetest.Call) (string, bool, bool) { return "null", true, c.Op == "op_abort_fetch" })
	says(t, r, `const c = new AbortController();
		const seen = [];
		c.signal.addEventListener("abort", (e) => seen.push(e.type, e.target === c.signal));
		c.signal.onabort = () => seen.push("on");
		const p = fetch("http://a.b", {signal: c.signal});
		c.abort(); c.abort("again");
		await p.catch((e) => console.log(e.name, e instanceof DOMException, e.code, c.signal.aborted, c.signal.reason === e, seen));
		await fetch("http://a.b", {signal: AbortSignal.abort("why")}).catch((e) => console.log(e));`,
		"AbortError true 20 true true [ \"abort\", true, \"on\" ]", "why")
	var ids []string
	for _, c := range calls(r) {
		var args struct{ ID string }
		if err := json.Unmarshal([]byte(c.Args), &args); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.Op+" "+args.ID)
	}
	if len(ids) != 2 || strings.TrimPrefix(ids[0], "op_fetch ") != strings.TrimPrefix(ids[1], "op_abort_fetch ") || len(ids[0]) < 20 {
		t.Errorf("calls: %q", ids)
	}
	says(t, r, `await fetch("http://a.b", {signal: AbortSignal.timeout(1)}).catch((e) => console.log(e.name));
		const a = new AbortController(), b = new AbortController();
		const any = AbortSignal.any([a.signal, b.signal]);
		b.abort(5); console.log(any.aborted, any.reason, AbortSignal.any([b.signal]).reason, a.signal.aborted);
		try { any.throwIfAborted() } catch (e) { console.log(e) }
		try { new AbortSignal() } catch (e) { console.log(e.name) }
		const once = new AbortController(); const f = () => console.log("never"); once.signal.addEventListener("abort", f); once.signal.removeEventListener("abort", f); once.abort();`,
		"TimeoutError", "true 5 5 false", "5", "TypeError")
}

func TestHeadersByTheStandard(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const h = new Headers([["B", "1"], ["a", "2"]]); h.append("b", "3"); h.set("A", "4"); h.append("c", ""); h.delete("C");
		console.log([...h.keys()], [...h.values()], [...h.entries()].length, [...new Headers(h)].length, [...new Headers(new Map([["q", "r"]]))]);
		h.forEach(function (v, k, all) { console.log(k, v, all === h, this.x) }, {x: 1});
		console.log(String(h), new Headers({"Ä": 1}.x).get("x"));`,
		"[ \"a\", \"b\" ] [ \"4\", \"1, 3\" ] 2 2 [ [ \"q\", \"r\" ] ]", "a 4 true 1", "b 1, 3 true 1", "[object Headers] null")
}

func TestURLs(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const u = new URL("../x?a=1&b=2#h", "https://us:pw@EXAMPLE.com:8080/p/q/"); console.log(u.href, u.origin, u.port, JSON.stringify({u}));
		u.searchParams.append("c", "ü ~"); u.searchParams.delete("a"); console.log(u.search, u.searchParams.get("c"), u.searchParams.size);
		u.search = "?z=9"; console.log(u.searchParams.get("z"), u.searchParams.has("c")); u.hash = ""; u.port = "443"; u.username = u.password = ""; console.log(String(u));
		try { u.href = "no" } catch (e) { console.log(e.name, u.href) }
		console.log(URL.canParse("x"), URL.canParse("x", "http://a"), URL.parse("x"), URL.parse("http://ａ").host);`,
		`https://us:pw@example.com:8080/p/x?a=1&b=2#h https://example.com:8080 8080 {"u":"https://us:pw@example.com:8080/p/x?a=1&b=2#h"}`,
		"?b=2&c=%C3%BC+%7E ü ~ 2", "9 false", "https://example.com/p/x?z=9", "TypeError https://example.com/p/x?z=9", "false true null a")
	says(t, r, `const p = new URLSearchParams("?a=1&a=%202+3&%zz=%C3%28&e&=f&g=%e4%bd%a0é"); console.log([...p], String(p));
		p.sort(); p.set("a", "x"); console.log(String(p), p.getAll("a"), p.has("a", "x"), p.has("a", "y"));
		console.log(String(new URLSearchParams([["a", "b"], ["c", "\ud800"]])), String(new URLSearchParams({"!'()~*-._": "&="})), String(new URLSearchParams(p)) === String(p));`,
		"[\n  [ \"a\", \"1\" ],\n  [ \"a\", \" 2 3\" ],\n  [ \"%zz\", \"\ufffd(\" ],\n  [ \"e\", \"\" ],\n  [ \"\", \"f\" ],\n  [ \"g\", \"你é\" ]\n] a=1&a=+2+3&%25zz=%EF%BF%BD%28&e=&=f&g=%E4%BD%A0%C3%A9",
		"=f&%25zz=%EF%BF%BD%28&a=x&e=&g=%E4%BD%A0%C3%A9 [ \"x\" ] true false",
		"a=b&c=%EF%BF%BD %21%27%28%29%7E*-._=%26%3D true")
}

func TestRandom(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const a = new Uint8Array(64), b = crypto.getRandomValues(a.subarray(16, 48));
		console.log(b.buffer === a.buffer, a.slice(0, 16).every((n) => n === 0), a.slice(48).every((n) => n === 0), new Set(b).size > 8);
		console.log(crypto.getRandomValues(new BigUint64Array(2))[1] > 0n, new Set(crypto.getRandomValues(new Uint8Array(65536))).size);
		const ids = new Set(Array.from({length: 100}, () => crypto.randomUUID()));
		console.log(ids.size, [...ids].every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)));
		for (const bad of [() => new Float64Array(1), () => new DataView(new ArrayBuffer(1)), () => [1], () => undefined, () => new Uint8Array(65537)]) try { crypto.getRandomValues(bad()); console.log("no error") } catch (x) { console.log(x.name, x.code) }
		try { new crypto.constructor() } catch (x) { console.log(x.name) }`,
		"true true true true", "true 256", "100 true",
		"TypeMismatchError 17", "TypeMismatchError 17", "TypeMismatchError 17", "TypeMismatchError 17", "QuotaExceededError 22", "TypeError")
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const e = new TextEncoder(), d = new TextDecoder();
		console.log(e.encode("aé€😀\ud800"), e.encode().length, d.decode(e.encode("aé€😀")), d.decode(), d.encoding);
		const into = new Uint8Array(9); console.log(e.encodeInto("é€😀x", into), into, e.encodeInto("\udc00", new Uint8Array(3)));
		console.log(d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 65])), new TextDecoder("utf8", {ignoreBOM: true}).decode(new Uint8Array([0xef, 0xbb, 0xbf, 65])).length);
		console.log(JSON.stringify(d.decode(new Uint8Array([0xe2, 0x82, 65, 0xff, 0xf0, 0x9f, 0x98, 0xc0, 0x80]))));
		try { new TextDecoder("utf-8", {fatal: true}).decode(new Uint8Array([0xff])) } catch (x) { console.log(x.name) }
		try { new TextDecoder("latin0") } catch (x) { console.log(x.name) }
		const s = new TextDecoder(); let out = ""; for (const b of e.encode("\ufeffé€😀")) out += s.decode(new Uint8Array([b]), {stream: true}); console.log(out + s.decode());
		console.log(JSON.stringify(s.decode(new Uint8Array([0xe2, 0x82]), {stream: true}) + s.decode()), JSON.stringify(s.decode(new Uint8Array([0xe0]), {stream: true}) + s.decode(new Uint8Array([0x80]), {stream: true}) + s.decode()));
		console.log(btoa("é\0a"), atob(" 6QBh\n") === "é\0a", atob("YQ"), btoa(""), atob(btoa("x".repeat(10000))).length);
		for (const f of [() => btoa("€"), () => atob("a"), () => atob("%")]) try { f(); console.log("no error") } catch (x) { console.log(x.name, x.code) }`,
		"Uint8Array(13) [\n   97, 195, 169, 226,\n  130, 172, 240, 159,\n  152, 128, 239, 191,\n  189\n] 0 aé€😀  utf-8",
		"{ read: 4, written: 9 } Uint8Array(9) [\n  195, 169, 226,\n  130, 172, 240,\n  159, 152, 128\n] { read: 1, written: 3 }",
		"A 2", "\"\ufffdA\ufffd\ufffd\ufffd\ufffd\"", "TypeError", "RangeError", "é€😀", "\"\ufffd\" \"\ufffd\ufffd\"",
		"6QBh true a  10000", "InvalidCharacterError 5", "InvalidCharacterError 5", "InvalidCharacterError 5")
	says(t, r, `try { new TextEncoder().encode("x".repeat(17 << 20)) } catch (x) { console.log(x.name) }`,
		"A text may have 16777216 bytes here, this one has at least 17825792", "RangeError")
}

// A script that has rewritten every built-in it can still fetches.
func TestFetchSurvivesPatchedBuiltIns(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const { log } = console, { defineProperty, getOwnPropertyNames, getOwnPropertyDescriptor } = Object;
		on("go", async () => {
			const all = [Array, String, Uint8Array, Object.getPrototypeOf(Uint8Array), ArrayBuffer, DataView, Map, RegExp, Number, Promise, JSON, Math, Reflect, Error, Object.getPrototypeOf(function* () {}.prototype)];
			const keys = [], { iterator, species } = Symbol;
			for (let i = 0, n = all.length; i < n; i++) if (all[i].prototype) all[n + i] = all[i].prototype;
			for (let i = 0; i < all.length; i++) keys[i] = all[i] ? [...getOwnPropertyNames(all[i]), iterator, species] : [];
			for (let i = 0; i < all.length; i++) {
				for (let j = 0; j < keys[i].length; j++) {
					const k = keys[i][j];
					if (k === "constructor" || k === "prototype") continue;
					const d = getOwnPropertyDescriptor(all[i], k);
					if (d?.configurable) defineProperty(all[i], k, { get() { return () => { throw "patched" } }, set() {}, configurable: true });
				}
			}
			const q = new URLSearchParams(); q.append("a b", "é");
			const u = new URL("http://a.b/?x"); u.searchParams.append("é", "1");
			const h = new Headers({ a: "b" }); h.append("a", "c");
			const a = await fetch(u, { method: "POST", body: q, headers: h, signal: new AbortController().signal });
			const b = a.clone();
			log(await a.text() + (await b.bytes())[5] + u.href + h.get("a") + a.headers.get("x") + new TextDecoder().decode(new TextEncoder().encode("é")) + atob(btoa("z")));
		});`, isolatetest.Options{Ops: []string{"op_fetch", "op_abort_fetch"}, Answer: func(isolatetest.Call) (string, bool, bool) { return answered, true, true }})
	if f := r.Dispatch("go", `{}`); f != nil {
		t.Fatal(f.Text)
	}
	if got := logs(r); len(got) != 1 || got[0] != "hällo111http://a.b/?x=&%C3%A9=1b, c1, 2éz" {
		t.Errorf("got %q", got)
	}
	sameJSON(t, "body", `"a+b=%C3%A9"`, string(must(t, calls(r)[0].Args)["text"]))
}

func must(t *testing.T, doc string) map[string]json.RawMessage {
	t.Helper()
	var out map[string]json.RawMessage
	if err := json.Unmarshal([]byte(doc), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Bytes of all sizes and places survive the way to text and back.
func TestBytesAreKept(t *testing.T) {
	t.Parallel()
	r := fetcher(t, func(c isolatetest.Call) (string, bool, bool) {
		var args struct{ Bytes string }
		if err := json.Unmarshal([]byte(c.Args), &args); err != nil {
			return `{}`, false, true
		}
		return `{"status":200,"statusText":"","url":"http://a.b/","redirected":false,"headers":[],"body":"` + args.Bytes + `"}`, true, true
	})
	says(t, r, `let bad = 0;
		for (let n = 0; n < 300; n++) {
			const whole = new Uint8Array(n + 40).map((_, i) => i * 7 + n);
			const view = n % 2 ? whole.subarray(n % 37, n % 37 + n) : whole.slice(0, n);
			const back = await (await fetch("http://a.b", {method: "POST", body: view})).bytes();
			if (back.length !== n || !view.every((b, i) => b === back[i])) bad++;
		}
		console.log(bad);`, "0")
}

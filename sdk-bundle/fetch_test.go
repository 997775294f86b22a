package sdkbundle_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// answered is what control answers op_fetch with; the body beside it is hello.
const answered = `{"status":201,"statusText":"Made","url":"https://a.b/final","redirected":true,"headers":[["content-type","text/plain"],["set-cookie","a=1"],["set-cookie","b=2"],["x","1"],["x","2"]],"more":false}`

const hello = "hällo"

func fetchOps() []string {
	return []string{"op_fetch", "op_abort_fetch", "op_fetch_open", "op_fetch_send", "op_fetch_answer", "op_fetch_read"}
}

func fetcher(t *testing.T, answer isolatetest.Answer) *isolatetest.Rig {
	t.Helper()
	if answer == nil {
		answer = func(isolatetest.Call) (string, bool, bool) { return answered, true, true }
	}
	return isolatetest.Load(t, evaluator, isolatetest.Options{Ops: fetchOps(), Answer: answer, Bytes: func(isolatetest.Call) []byte { return []byte(hello) }})
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
			`{"url":"http://a.b/","method":"PUT","redirect":"follow","headers":[],"raw":"AgM="}`},
		{`await fetch("http://a.b", {method: "PUT", body: new DataView(new Uint8Array([1, 2, 3]).buffer, 2)})`,
			`{"url":"http://a.b/","method":"PUT","redirect":"follow","headers":[],"raw":"Aw=="}`},
		{`await fetch("http://a.b", {method: "PATCH", body: new URLSearchParams({a: "b c", d: "é"})})`,
			`{"url":"http://a.b/","method":"PATCH","redirect":"follow","headers":[["content-type","application/x-www-form-urlencoded;charset=UTF-8"]],"text":"a=b+c&d=%C3%A9"}`},
		{`const q = new Request("http://a.b", {method: "POST", body: "x", headers: [["k", "v"]]}); await fetch(q.clone(), {headers: {z: "1"}})`,
			`{"url":"http://a.b/","method":"POST","redirect":"follow","headers":[["z","1"]],"text":"x"}`},
	} {
		r := fetcher(t, nil)
		run(t, r, row.code)
		got := r.Calls()
		if len(got) != 1 || got[0].Op != "op_fetch" {
			t.Fatalf("%s: got %+v", row.code, got)
		}
		args := must(t, got[0].Args)
		delete(args, "id")
		if got[0].Raw != "" {
			args["raw"], _ = json.Marshal([]byte(got[0].Raw))
		}
		doc, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, row.code, row.want, string(doc))
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
		"201 true Made https://a.b/final true basic false [object Response] true",
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

// TestAbortBeforeControlBegan: an op that is held up begins after the one that
// aborts it, so that what it began is given up once it is known.
func TestAbortBeforeControlBegan(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		init, op, result string
		aborts           int
	}{
		"with more to come": {"", "op_fetch", strings.Replace(answered, `"more":false`, `"more":true`, 1), 2},
		"all there":         {"", "op_fetch", answered, 1},
		"an upload":         {`, method: "POST", duplex: "half", body: new ReadableStream({})`, "op_fetch_open", "null", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := fetcher(t, func(c isolatetest.Call) (string, bool, bool) { return "null", true, c.Op == "op_abort_fetch" })
			says(t, r, `const c = new AbortController();
				const p = fetch("http://a.b", {signal: c.signal`+row.init+`});
				c.abort();
				await p.catch((e) => console.log(e.name));`, "AbortError")
			r.Resolve(r.WaitCalls(1, row.op)[0].ID, true, row.result)
			if row.aborts > 1 {
				r.WaitCalls(row.aborts, "op_abort_fetch")
			}
			says(t, r, `console.log("served")`, "served")
			if got := len(r.Calls("op_abort_fetch")); got != row.aborts {
				t.Errorf("%d aborts, want %d", got, row.aborts)
			}
			if got := r.Calls("op_fetch_answer", "op_fetch_send"); len(got) > 0 {
				t.Errorf("it goes on: %+v", got)
			}
		})
	}
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
		});`, isolatetest.Options{Ops: fetchOps(), Answer: func(isolatetest.Call) (string, bool, bool) { return answered, true, true }, Bytes: func(isolatetest.Call) []byte { return []byte(hello) }})
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
	r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: fetchOps(), Answer: func(isolatetest.Call) (string, bool, bool) {
		return `{"status":200,"statusText":"","url":"http://a.b/","redirected":false,"headers":[],"more":false}`, true, true
	}, Bytes: func(c isolatetest.Call) []byte { return append([]byte{}, c.Raw...) }})
	says(t, r, `let bad = 0;
		for (let n = 0; n < 300; n++) {
			const whole = new Uint8Array(n + 40).map((_, i) => i * 7 + n);
			const view = n % 2 ? whole.subarray(n % 37, n % 37 + n) : whole.slice(0, n);
			const back = await (await fetch("http://a.b", {method: "POST", body: view})).bytes();
			if (back.length !== n || !view.every((b, i) => b === back[i])) bad++;
		}
		console.log(bad);`, "0")
}

// Nothing of a data: or blob: URL leaves the script.
func TestURLsOfTheScriptsOwn(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const show = async (u, o) => { try { const a = await fetch(u, o); console.log(a.status, a.statusText, JSON.stringify(await a.clone().text()), [...a.headers].join(" "), a.url === String(u).split("#")[0]) } catch (e) { console.log(e.name, e.message) } };
		for (const u of ["data:,a%20b%zz%C3%A4#x", "data:text/html;charset=utf-8,<b>", "data:;base64,aGk", "data:;charset=x; base64 , aG k= ", "data:image/png;BASE64,AP8=", "data:text/plain", "data:;base64,a", "data:  x/y  ;z=\"q r\",1", "data:nonsense,2", "DATA:,3"]) await show(u);
		await show("data:,x", {method: "HEAD"});`,
		`200 OK "a b%zzä" content-type,text/plain;charset=US-ASCII true`,
		`200 OK "<b>" content-type,text/html;charset=utf-8 true`,
		`200 OK "hi" content-type,text/plain;charset=US-ASCII true`,
		`200 OK "hi" content-type,text/plain;charset=x false`,
		`200 OK "\u0000`+"\ufffd"+`" content-type,image/png true`,
		`TypeError fetch failed: the data: URL has no comma`,
		`TypeError fetch failed: the data: URL is not base64`,
		`200 OK "1" content-type,x/y;z="q r" true`,
		`200 OK "2" content-type,text/plain;charset=US-ASCII true`,
		`200 OK "3" content-type,text/plain;charset=US-ASCII false`,
		`200 OK "" content-type,text/plain;charset=US-ASCII true`)
	says(t, r, `const u = URL.createObjectURL(new Blob(["0123456789"], {type: "Text/X"})), q = new Request(u);
		console.log(/^blob:null\/[0-9a-f-]{36}$/.test(u), new URL(u).origin);
		for (const range of [undefined, "bytes=2-4", "bytes=7-", "bytes=-3", "bytes=0-99", "bytes=10-", "x"]) try { const a = await fetch(u, range && {headers: {range}}); console.log(a.status, await a.text(), [...a.headers].join(" ")) } catch (e) { console.log(e.message) }
		await fetch(u, {method: "POST"}).catch((e) => console.log(e.message));
		URL.revokeObjectURL(u); await fetch(u).catch((e) => console.log(e.message)); console.log(await (await fetch(q)).text());
		for (const f of [() => URL.createObjectURL({}), () => URL.createObjectURL()]) try { f() } catch (e) { console.log(e.name) }
		const a = new AbortController(); a.abort(); await fetch("data:,x", {signal: a.signal}).catch((e) => console.log(e.name));`,
		"true null",
		"200 0123456789 content-length,10 content-type,text/x", "206 234 content-length,3 content-range,bytes 2-4/10 content-type,text/x",
		"206 789 content-length,3 content-range,bytes 7-9/10 content-type,text/x", "206 789 content-length,3 content-range,bytes 7-9/10 content-type,text/x",
		"206 0123456789 content-length,10 content-range,bytes 0-9/10 content-type,text/x", "fetch failed: the blob has nothing in that range", "fetch failed: the range of the blob: URL cannot be understood",
		"fetch failed: a blob: URL can only be fetched with GET", "fetch failed: the blob: URL is not known, or was revoked", "0123456789",
		"TypeError", "TypeError", "AbortError")
	if n := len(calls(r)); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestRequestOptions(t *testing.T) {
	t.Parallel()
	r := fetcher(t, nil)
	says(t, r, `const a = new Request("http://a.b"), b = new Request(new Request("http://a.b", {mode: "same-origin", credentials: "omit", cache: "no-store", referrer: "http://c.d", referrerPolicy: "origin", integrity: "x", keepalive: 1}), {cache: "reload"}).clone();
		for (const q of [a, b]) console.log(q.mode, q.credentials, q.cache, q.referrer, JSON.stringify(q.referrerPolicy), JSON.stringify(q.integrity), q.keepalive, JSON.stringify(q.destination), q.duplex, q.isReloadNavigation, q.isHistoryNavigation);
		for (const o of [{mode: "navigate"}, {credentials: "x"}, {cache: "only-if-cached"}, {referrer: "/x"}, {referrerPolicy: "x"}, {window: 1}, {duplex: "full"}]) try { new Request("http://a.b", o); console.log("no error") } catch (e) { console.log(e.name, e.message) }`,
		`cors same-origin default about:client "" "" false "" half false false`,
		`same-origin omit reload http://c.d/ "origin" "x" true "" half false false`,
		`TypeError Request: mode cannot be "navigate"`, `TypeError Request: credentials cannot be "x"`, `TypeError Request: cache "only-if-cached" needs mode "same-origin"`,
		"TypeError Request: referrer must be a URL", `TypeError Request: referrerPolicy cannot be "x"`, "TypeError Request: window can only be null", `TypeError Request: duplex must be "half"`)
}

// pages answers like control: a response in three parts, and a body that is
// taken in parts.
func pages(t *testing.T) *isolatetest.Rig {
	t.Helper()
	n := 0
	return isolatetest.Load(t, evaluator, isolatetest.Options{Ops: fetchOps(), Answer: func(c isolatetest.Call) (string, bool, bool) {
		switch c.Op {
		case "op_fetch", "op_fetch_answer":
			return `{"status":200,"statusText":"","url":"http://a.b/","redirected":false,"headers":[],"more":true}`, true, true
		case "op_fetch_read":
			n++
			if n%3 == 0 {
				return `{"more":false}`, true, true
			}
			return `{"more":true}`, true, true
		case "op_fetch_send":
			return "true", true, true
		}
		return "null", true, true
	}, Bytes: func(c isolatetest.Call) []byte {
		switch c.Op {
		case "op_fetch":
			return []byte("first ")
		case "op_fetch_answer":
			return []byte{}
		case "op_fetch_read":
			return []byte("part ")
		}
		return nil
	}})
}

func ops(r *isolatetest.Rig) string {
	var out []string
	for _, c := range calls(r) {
		out = append(out, strings.TrimPrefix(c.Op, "op_"))
	}
	return strings.Join(out, " ")
}

func TestResponsesAreStreams(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][2]string{
		`console.log(await (await fetch("http://a.b")).text())`:                                                                                                                                                                                {"first part part part ", "fetch fetch_read fetch_read fetch_read"},
		`const a = await fetch("http://a.b"), d = new TextDecoder(); for await (const c of a.body) console.log(d.decode(c))`:                                                                                                                   {"first |part |part |part ", "fetch fetch_read fetch_read fetch_read"},
		`const a = await fetch("http://a.b"); console.log(a.bodyUsed)`:                                                                                                                                                                         {"false", "fetch"},
		`const a = await fetch("http://a.b"); await a.body.cancel("why"); console.log(a.bodyUsed)`:                                                                                                                                             {"true", "fetch abort_fetch"},
		`const a = await fetch("http://a.b"), r = a.body.getReader(); await r.read(); await r.read(); await r.cancel(); console.log((await r.read()).done)`:                                                                                    {"true", "fetch fetch_read abort_fetch"},
		`const a = await fetch("http://a.b"), b = a.clone(); console.log((await a.text()) === (await b.text()))`:                                                                                                                               {"true", "fetch fetch_read fetch_read fetch_read"},
		`const a = await fetch("http://a.b"), r = a.body.getReader({mode: "byob"}); const {value} = await r.read(new Uint8Array(3)); console.log(new TextDecoder().decode(value), a.body.locked)`:                                              {"fir true", "fetch"},
		`const c = new AbortController(), a = await fetch("http://a.b", {signal: c.signal}), r = a.body.getReader(); await r.read(); c.abort("why"); await r.read().catch((e) => console.log(e)); await r.closed.catch((e) => console.log(e))`: {"why|why", "fetch abort_fetch"},
		`const a = await fetch("http://a.b", {method: "HEAD"}); console.log(a.body)`:                                                                                                                                                           {"null", "fetch abort_fetch"},
	} {
		r := pages(t)
		run(t, r, code)
		if got := strings.Join(logs(r), "|"); got != want[0] || ops(r) != want[1] {
			t.Errorf("%s: got %q with %s, want %q with %s", code, got, ops(r), want[0], want[1])
		}
	}
	r := pages(t)
	run(t, r, `await (await fetch("http://a.b")).bytes(); for await (const c of (await fetch("http://a.b")).body);`)
	for i, c := range calls(r) {
		if whole := strings.Contains(c.Args, `"whole":true`); whole != (i > 0 && i < 4) {
			t.Errorf("call %d, %s: %s", i, c.Op, c.Args)
		}
	}
}

func TestRequestsAreStreams(t *testing.T) {
	t.Parallel()
	r := pages(t)
	run(t, r, `let n = 0; const body = new ReadableStream({pull(c) { if (n++ < 3) c.enqueue(new Uint8Array(n === 2 ? 600000 : 2).fill(n)); else c.close() }}, {highWaterMark: 0});
		const a = await fetch("http://a.b", {method: "POST", body, duplex: "half"}); console.log(a.status, n);`)
	var sizes []int
	for _, c := range r.WaitCalls(6, "op_fetch_send") {
		sizes = append(sizes, len(c.Raw))
	}
	if diff := cmp.Diff([]int{2, 262144, 262144, 75712, 2, 0}, sizes); diff != "" || !strings.HasPrefix(ops(r), "fetch_open fetch_answer fetch_send") {
		t.Errorf("%s\n%s", ops(r), diff)
	}
	for code, want := range map[string]string{
		`await fetch("http://a.b", {method: "POST", body: new ReadableStream({pull() { throw new RangeError("mine") }}), duplex: "half"}).catch((e) => console.log(e.name))`:                                                                                      "RangeError",
		`await fetch("http://a.b", {method: "POST", body: new ReadableStream({pull(c) { c.enqueue("text") }}), duplex: "half"}).catch((e) => console.log(e.name, e.message))`:                                                                                     "TypeError The body's stream gave a chunk that is no Uint8Array",
		`await fetch("http://a.b", {method: "POST", body: new ReadableStream(), }).catch((e) => console.log(e.message))`:                                                                                                                                          `Request: a body that is a stream needs duplex: "half"`,
		`let why; const body = new ReadableStream({cancel(r) { why = r }}); const c = new AbortController(); const p = fetch("http://a.b", {method: "POST", body, duplex: "half", signal: c.signal}); c.abort("stop"); await p.catch((e) => console.log(e, why))`: "stop stop",
	} {
		r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: fetchOps(), Answer: func(c isolatetest.Call) (string, bool, bool) {
			return "true", true, c.Op != "op_fetch_answer"
		}})
		run(t, r, code)
		if got := strings.Join(logs(r), "|"); got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}

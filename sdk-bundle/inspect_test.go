package sdkbundle_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// likeNode are values whose text is that of Node's util.inspect, but for the
// quotes: Deno, and so Flora, prefers double ones. Getters that Node calls are
// not here.
var likeNode = []string{
	`undefined`, `null`, `true`, `-0`, `1e21`, `0.1`, `NaN`, `-Infinity`, `12345678901234567890n`, `Symbol("a b")`, `Symbol()`, `Symbol.iterator`,
	`["text", "a\nb", "tab\t", "\u0000\u007f", "ä漢😀"]`,
	`({})`, `[]`, `({ a: 1, "b-c": 2, 3: 4, $d_: 5, "": 6, "ä": 7 })`, `({ a: undefined, b: null })`, `({ [Symbol("k")]: 1, [Symbol()]: 2 })`,
	`[[]]`, `[{}]`, `[[[]]]`, `[undefined, null]`, `[, 1]`, `[1, , 2, , ,]`, `new Array(5)`, `Object.assign([1, 2], { x: 1, "-1": 2 })`,
	`new (class Foo {})()`, `new (class Foo { a = 1 })()`, `new (class Foo extends Map {})([[1, 2]])`, `new (class extends Array {})()`, `new (class List extends Array {})(1, 2, 3)`,
	`new (class Foo { get a() { return 1 } })()`, `new (class Foo { #a = 1; b = 2 })()`, `Object.create(null)`, `Object.create({ a: 1 })`,
	`new (class A extends null { constructor() { return Object.create(A.prototype) } })()`,
	`class A {}`, `class B extends Array {}`, `(class {})`, `Object.assign(class A {}, { x: 1 })`, `Object.assign(() => {}, { x: 1 })`,
	`function f() {}`, `() => {}`, `async () => {}`, `function* g() {}`, `async function* h() {}`, `Math.max`, `(0, function () {})`,
	`new Map()`, `new Map([[{ a: 1 }, new Map([[1, 2]])]])`, `new Set([new Set([1]), [2]])`, `Object.assign(new Map([[1, 2]]), { x: 1 })`,
	`new WeakSet()`, `new WeakMap()`, `new Date(86400000)`, `new Date(NaN)`, `Object.assign(new Date(0), { x: 1 })`, `/a[/]b/gimsuy`, `Object.assign(/x/, { y: 1 })`,
	`new Uint8Array(3)`, `new Float32Array([1.5, -0])`, `new BigInt64Array([1n])`, `new Uint8ClampedArray(1)`, `[new Uint16Array([1])]`,
	`new String("abc")`, `new Number(-0)`, `new Boolean(true)`, `Object(1n)`, `Object(Symbol("a"))`, `Object.assign(new String("ab"), { x: 1 })`, `Object.assign(new Number(1), { x: 1 })`,
	`({ get a() { return 1 }, set b(v) {}, get c() { return 1 }, set c(v) {} })`,
	`({ a: { b: { c: { d: { e: 1 } } } } })`, `({ a: { b: { c: { d: { e: [1], f: new Map(), g: {} } } } } })`,
	`({ a: [[[[[1]]]]] })`, `({ a: { b: { c: { d: { e: new (class Foo { x = 1 })() } } } } })`,
	`(() => { const o = {}; o.o = o; return o })()`, `(() => { const a = []; a.push(a, { a }); return a })()`, `(() => { const o = { a: {}, b: {} }; o.a.b = o.b; o.b.a = o.a; return o })()`,
	`(() => { const m = new Map(); m.set("m", m); return m })()`, `(() => { const s = new Set(); s.add(s); return s })()`,
	`({ [Symbol.toStringTag]: "T" })`,
	`globalThis.Math`, `JSON`, `new Proxy({ a: 1 }, {})`, `new Proxy([1], {})`, `new Proxy(function f() {}, {})`,
	`Array.from({ length: 7 }, (_, i) => "x".repeat(i))`, `Array.from({ length: 101 }, () => "y".repeat(30))`, `new Set(Array.from({ length: 105 }, (_, i) => "number " + i + " of many"))`,
	`({ a: "x".repeat(30), b: "y".repeat(30), c: 1 })`, `({ a: { b: "x".repeat(30), c: "y".repeat(30) }, d: [1, 2, 3] })`,
	`({ text: "two\nlines", other: ["one\ntwo"] })`, `({ f() {}, g: class {}, h: async () => {} })`,
	`[1.5, "a", null, undefined, { a: [] }, [[]]]`, `[new Error("x").message, [Symbol("s")]]`, `({ "a b": { "c-d": 1 } })`,
	`(async () => {})().constructor.name`, `new ArrayBuffer(2).byteLength`, `[[1, 2, [3, 4, [5, [6]]]], { a: { b: { c: {} } } }]`,
}

// TestConsoleLooksLikeNodes compares with the Node of this machine.
func TestConsoleLooksLikeNodes(t *testing.T) {
	t.Parallel()
	var script strings.Builder
	script.WriteString(`const { inspect } = require("node:util"); const out = []; const see = (v) => out.push(inspect(v, { depth: 4, breakLength: 80 }));`)
	for _, v := range likeNode {
		script.WriteString("see((" + v + "));\n")
	}
	script.WriteString("process.stdout.write(JSON.stringify(out))")
	b, err := exec.CommandContext(t.Context(), "node", "-e", script.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	for i, v := range likeNode {
		before := len(r.Logs())
		run(t, r, "console.dir(("+v+"));")
		got := logs(r)[before:]
		if diff := cmp.Diff([]string{strings.ReplaceAll(want[i], "'", `"`)}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v, diff)
		}
	}
}

// TestInspect: the options of Deno.inspect.
func TestInspect(t *testing.T) {
	t.Parallel()
	const long = `{ a: "x".repeat(40), b: "y".repeat(40) }`
	x, y := strings.Repeat("x", 40), strings.Repeat("y", 40)
	tests := []struct{ name, code, want string }{
		{"a text", `"a"`, `"a"`},
		{"depth", `{ a: { b: {} , c: { d: 1 } } }, { depth: 0 }`, "{ a: [Object] }"},
		{"infinite depth", `{ a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }, { depth: Infinity, compact: 99 }`, "{ a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }"},
		{"colors", `[1, "a", true, null, undefined, 1n, Symbol("s"), /r/, new Date(0), () => {}], { colors: true, breakLength: Infinity, compact: 1 }`,
			"[ \x1b[33m1\x1b[39m, \x1b[32m\"a\"\x1b[39m, \x1b[33mtrue\x1b[39m, \x1b[1mnull\x1b[22m, \x1b[90mundefined\x1b[39m, \x1b[33m1n\x1b[39m, \x1b[32mSymbol(s)\x1b[39m, \x1b[31m/r/\x1b[39m, \x1b[35m1970-01-01T00:00:00.000Z\x1b[39m, \x1b[36m[Function (anonymous)]\x1b[39m ]"},
		{"compact off", `{ a: [1] }, { compact: false }`, "{\n  a: [\n    1\n  ]\n}"},
		{"compact 1", `{ a: { b: 1 } }, { compact: 1 }`, "{\n  a: { b: 1 }\n}"},
		{"break length", long + `, { breakLength: 200 }`, `{ a: "` + x + `", b: "` + y + `" }`},
		{"trailing comma", long + `, { trailingComma: true }`, "{\n  a: \"" + x + "\",\n  b: \"" + y + "\",\n}"},
		{"iterable limit", `[[1, 2, 3], new Set([1, 2, 3]), new Map([[1, 2], [3, 4]])], { iterableLimit: 2 }`, "[\n  [ 1, 2, ... 1 more item ],\n  Set(3) { 1, 2, ... 1 more item },\n  ... 1 more item\n]"},
		{"sorted", `{ b: 1, a: new Set([3, 1, 2]), c: new Map([["z", 1], ["y", 2]]) }, { sorted: true }`, `{ a: Set(3) { 1, 2, 3 }, b: 1, c: Map(2) { "y" => 2, "z" => 1 } }`},
		{"long texts", `["abcdef"], { strAbbreviateSize: 3 }`, `[ "abc"... 3 more characters ]`},
		{"escapes stay as they are", `["a\n\t"], { escapeSequences: false }`, "[\n  \"a\n  \t\"\n]"},
		{"getters", `{ get a() { return 5 }, get b() { return { c: 1 } }, get d() { throw new Error("no") }, set e(v) {} }, { getters: true }`,
			"{\n  a: [Getter: 5],\n  b: [Getter] { c: 1 },\n  d: [Getter: <Inspection threw (no)>],\n  e: [Setter]\n}"},
		{"hidden", `Object.defineProperty({}, "h", { value: 1 }), { showHidden: true }`, "{ [h]: 1 }"},
		{"proxies", `[new Proxy({ a: 1 }, { get() { throw 1 }, ownKeys() { throw 1 }, getPrototypeOf() { throw 1 }, getOwnPropertyDescriptor() { throw 1 } })]`, "[ { a: 1 } ]"},
		{"proxies shown", `new Proxy({ a: 1 }, { get() { throw 1 } }), { showProxy: true }`, "Proxy [ { a: 1 }, { get: [Function: get] } ]"},
		{"proxies of proxies", `new Proxy(new Proxy([1], {}), {})`, "[ 1 ]"},
		{"promises", `[Promise.resolve({ a: 1 }), new Promise(() => {}), (() => { const p = Promise.reject(5); p.catch(() => {}); return p })()]`, "[\n  Promise { { a: 1 } },\n  Promise { <pending> },\n  Promise { <rejected> 5 }\n]"},
		{"iterators", `[new Map([["a", 1]]).entries(), new Map([["a", 1]]).keys(), new Set([2]).values()]`, "[\n  [Map Iterator] { [ \"a\", 1 ] },\n  [Map Iterator] { \"a\" },\n  [Set Iterator] { 2 }\n]"},
		{"buffers", `[new Uint8Array([1, 255]).buffer, new DataView(new ArrayBuffer(3), 1)]`, "[\n  ArrayBuffer { [Uint8Contents]: <01 ff>, byteLength: 2 },\n  DataView {\n    byteLength: 2,\n    byteOffset: 1,\n    buffer: ArrayBuffer { [Uint8Contents]: <00 00 00>, byteLength: 3 }\n  }\n]"},
		{"custom", `{ in: { [Symbol.for("Deno.customInspect")](inspect, o) { return "<" + inspect([1]) + o.depth + ">" } } }`, "{ in: <[ 1 ]3> }"},
		{"custom of a class, in Node's way", `new (class A { [Symbol.for("nodejs.util.inspect.custom")](depth, o, inspect) { return "A" + depth + inspect("x") } })()`, `A4"x"`},
		{"custom that gives a value", `{ [Symbol.for("Deno.customInspect")]() { return { a: 1 } } }`, "{ a: 1 }"},
		{"custom that throws", `[{ [Symbol.for("Deno.customInspect")]() { throw 1 } }]`, "[ [a value that cannot be shown] ]"},
		{"custom without end", `[{ [Symbol.for("Deno.customInspect")](inspect) { return inspect(this) } }].length`, "1"},
		{"custom behind a getter is not asked for", `{ get [Symbol.for("Deno.customInspect")]() { throw 1 } }`, "{ [Symbol(Deno.customInspect)]: [Getter] }"},
		{"a URL", `new URL("https://u@a.b:8/c?d#e"), { compact: false }`, "URL {\n  href: \"https://u@a.b:8/c?d#e\",\n  origin: \"https://a.b:8\",\n  protocol: \"https:\",\n  username: \"u\",\n  password: \"\",\n  host: \"a.b:8\",\n  hostname: \"a.b\",\n  port: \"8\",\n  pathname: \"/c\",\n  hash: \"#e\",\n  search: \"?d\"\n}"},
		{"pairs", `[new Headers({ "Content-Type": "a/b", X: "1" }), new URLSearchParams("a=1&a=2"), new (class Mine extends Headers {})()]`, "[\n  Headers { \"content-type\": \"a/b\", x: \"1\" },\n  URLSearchParams { a: \"1\", a: \"2\" },\n  Mine [Headers] {}\n]"},
		{"a response", `Object.assign(new Response("x", { headers: { a: "b" } }), { mine: 1 }).status`, "200"},
		{"blobs", `[new Blob(["abc"], { type: "t/x" }), new File([], "f", { lastModified: 5 })]`, "[\n  Blob { size: 3, type: \"t/x\" },\n  File { name: \"f\", lastModified: 5, size: 0, type: \"\" }\n]"},
		{"signals", `AbortSignal.abort("why")`, "AbortSignal { aborted: true, reason: \"why\" }"},
		{"what only pretends", `Object.create(URL.prototype)`, "URL {}"},
		{"getters of a script's own are not called", `(() => { Object.defineProperty(URL.prototype, "href", { get() { throw 1 } }); return Deno.inspect(new URL("a:b")).slice(0, 20) })()`, "'URL {\\n  href: \"a:b\",'"},
		{"odd options", `{ a: 1 }, { depth: "x", compact: "y", breakLength: NaN, iterableLimit: -1, strAbbreviateSize: {} }`, "{ a: 1 }"},
		{"options that are none", `{ a: 1 }, 5`, "{ a: 1 }"},
		{"quotes", `["it's", 'say "x"', "\u0060'\""]`, "[ \"it's\", 'say \"x\"', \"`'\\\"\" ]"},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	for _, tt := range tests {
		before := len(r.Logs())
		run(t, r, "console.log(Deno.inspect("+tt.code+"));")
		if diff := cmp.Diff(tt.want, strings.Join(logs(r)[before:], "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	run(t, r, `const n = Deno.inspect(Array.from({ length: 9000 }, () => "x".repeat(100)), { iterableLimit: Infinity }).length; if (n > 1.1 * 256 * 1024 || n < 200 * 1024) throw n;
		const { length } = Deno.inspect({ [Symbol.for("Deno.customInspect")]() { return "x".repeat(1e6) } }); if (length > 300000) throw length;
		let calls = 0; Deno.inspect({ [Symbol.for("Deno.customInspect")](inspect) { if (calls++ > 1e5) throw "it never ends"; return inspect(this) } });`)
}

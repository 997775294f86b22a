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

package sdkbundle_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func TestConsoleFormat(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"texts", `console.log("a", "b c")`, "a b c"},
		{"nothing", `console.log()`, ""},
		{"primitives", `console.log(1, -0, 1.5, NaN, true, null, undefined, 10n, Symbol("s"))`, "1 -0 1.5 NaN true null undefined 10n Symbol(s)"},
		{"object", `console.log({ a: 1, "b-c": "x", [Symbol("k")]: null })`, "{ a: 1, \"b-c\": \"x\", [Symbol(k)]: null }"},
		{"empty object and array", `console.log({}, [])`, "{} []"},
		{"array", `console.log([1, "two", [3]])`, "[ 1, \"two\", [ 3 ] ]"},
		{"holes", `console.log([1, , , 4])`, "[ 1, <2 empty items>, 4 ]"},
		{"array with members", `console.log(Object.assign([1], { x: 2 }))`, "[ 1, x: 2 ]"},
		{"long array is packed", `console.log(Array.from({ length: 30 }, (_, i) => i))`, "[\n   0,  1,  2,  3,  4,  5,  6,  7,  8,\n   9, 10, 11, 12, 13, 14, 15, 16, 17,\n  18, 19, 20, 21, 22, 23, 24, 25, 26,\n  27, 28, 29\n]"},
		{"array over the limit", `console.log(new Array(102).fill("x".repeat(30)).length, new Array(101).fill(0))`, "102 [\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n  0, 0, 0, 0,\n  ... 1 more item\n]"},
		{"long object breaks", `console.log({ first: "x".repeat(40), second: "y".repeat(40) })`, "{\n  first: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\n  second: \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"\n}"},
		{"nested break", `console.log({ a: { first: "x".repeat(40), second: "y".repeat(40) } })`, "{\n  a: {\n    first: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\n    second: \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"\n  }\n}"},
		{"depth", `console.log({ a: { b: { c: { d: { e: { f: 1 } } } } } })`, "{\n  a: {\n    b: { c: { d: { e: [Object] } } }\n  }\n}"},
		{"null prototype", `console.log(Object.assign(Object.create(null), { a: 1 }))`, "[Object: null prototype] { a: 1 }"},
		{"class", `class Cat { name = "Tom" }; console.log(new Cat(), Cat, class extends Cat {})`, "Cat { name: \"Tom\" } [class Cat] [class (anonymous) extends Cat]"},
		{"functions", `console.log(function f() {}, () => {}, async function g() {}, function* h() {})`, "[Function: f] [Function (anonymous)] [AsyncFunction: g] [GeneratorFunction: h]"},
		{"getters are not called", `console.log({ get a() { throw 1 }, set b(v) {}, get c() { return 1 }, set c(v) {} })`, "{ a: [Getter], b: [Setter], c: [Getter/Setter] }"},
		{"cycle", `const o = { n: 1 }; o.self = o; console.log(o)`, "<ref *1> { n: 1, self: [Circular *1] }"},
		{"shared is no cycle", `const o = { n: 1 }; console.log([o, o])`, "[ { n: 1 }, { n: 1 } ]"},
		{"map", `console.log(new Map([["a", { b: 1 }], [2, "c"]]))`, "Map(2) { \"a\" => { b: 1 }, 2 => \"c\" }"},
		{"set", `console.log(new Set([1, "a"]), new Set())`, "Set(2) { 1, \"a\" } Set(0) {}"},
		{"typed array", `console.log(new Uint8Array([1, 2]), new Float64Array(0))`, "Uint8Array(2) [ 1, 2 ] Float64Array(0) []"},
		{"buffer", `console.log(new ArrayBuffer(8))`, "ArrayBuffer {\n  [Uint8Contents]: <00 00 00 00 00 00 00 00>,\n  byteLength: 8\n}"},
		{"dates", `console.log(new Date(0), new Date(NaN), [new Date(1)])`, "1970-01-01T00:00:00.000Z Invalid Date [ 1970-01-01T00:00:00.001Z ]"},
		{"regexp", `console.log(/a\/b/giu)`, `/a\/b/giu`},
		{"weak and promise", `console.log(new WeakMap(), Promise.resolve(1))`, "WeakMap { <items unknown> } Promise { 1 }"},
		{"wrapped", `console.log(new Number(1), Object(1n), Object(Symbol("s")), new Boolean(false))`, "[Number: 1] [BigInt: 1n] [Symbol: Symbol(s)] [Boolean: false]"},
		{"tag", `console.log({ [Symbol.toStringTag]: "Tag" })`, "{ [Symbol(Symbol.toStringTag)]: \"Tag\" }"},
		{"quotes", "console.log([\"it's\", 'say \"x\"', `'\"`, 'a\\nb\\x07\\\\'])", "[ \"it's\", 'say \"x\"', `'\"`, \"a\\nb\\x07\\\\\" ]"},
		{"lone surrogate", `console.log(["\ud800a", "\u{1f600}"])`, "[ \"\\uD800a\", \"😀\" ]"},
		{"long text inside", `console.log(["x".repeat(10001)].toString().length, [("x".repeat(10001))][0].length, { a: "y".repeat(10003) }.a.length)`, "10001 10001 10003"},
		{"builder shows its JSON", `console.log(button().setLabel("L"))`, "ButtonBuilder { data: { type: 2, label: \"L\" } }"},
		{"revoked proxy", `const p = Proxy.revocable({}, {}); p.revoke(); console.log([p.proxy])`, "[ <Revoked Proxy> ]"},
		{"throwing proxy", `console.log(1, new Proxy({}, { ownKeys() { throw new Error("no") } }), 2)`, "1 {} 2"},
		{"fake map", `console.log(Object.create(Map.prototype))`, "Map {}"},
		// Directives.
		{"%s", `console.log("%s is %s and %s", "a", 1, { b: 1 })`, "a is 1 and { b: 1 }"},
		{"%d %i %f", `console.log("%d %i %f %d %i", 1.5, 1.9, "2.5x", 3n, {})`, "1 1 2.5 3n NaN"},
		{"%j %o %O", `console.log("%j %o %O", { a: [1] }, [1], { b: "c" })`, "{\"a\":[1]} [ 1 ] { b: \"c\" }"},
		{"%c and %%", `console.log("%cred%c 100%% %s", "color: red", "", "x", "left")`, "red 100% x left"},
		{"unknown and missing", `console.log("%x %s %s", "a")`, "%x a %s"},
		{"cyclic %j", `const o = {}; o.o = o; console.log("%j", o)`, "[Circular]"},
		// Other methods.
		{"assert", `console.assert(true, "no"); console.assert(false, "a %s", "b")`, "Assertion failed: a b"},
		{"assert without text", `console.assert(0)`, "Assertion failed"},
		{"assert with a value", `console.assert(null, { a: 1 })`, "Assertion failed: { a: 1 }"},
		{"dir with depth", `console.dir({ a: { b: 1 } }, { depth: 0 })`, "{ a: [Object] }"},
		{"dir", `console.dir("%s")`, "\"%s\""},
		{"dirxml", `console.dirxml({ a: 1 }, [2])`, "{ a: 1 } [ 2 ]"},
		{"detached", `const { log } = console; log("x")`, "x"},
		{"table of a text", `console.table("x")`, "x"},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	for _, tt := range tests {
		before := len(r.Logs())
		run(t, r, tt.code)
		got := logs(r)[before:]
		if len(got) != 1 {
			t.Errorf("%s: got %d lines, want 1: %q", tt.name, len(got), got)
			continue
		}
		if diff := cmp.Diff(tt.want, got[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestConsoleLevels(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		console.trace("t"); console.debug("d"); console.log("l"); console.info("i"); console.warn("w"); console.error("e");`,
		isolatetest.Options{})
	want := []isolatetest.Line{
		{Level: isolate.Trace, Text: "Trace: t\n    at file:///guild/100000000000000001/bundle.js:2:11"},
		{Level: isolate.Debug, Text: "d"}, {Level: isolate.Info, Text: "l"}, {Level: isolate.Info, Text: "i"},
		{Level: isolate.Warn, Text: "w"}, {Level: isolate.Error, Text: "e"},
	}
	if diff := cmp.Diff(want, r.Logs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConsoleSequences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, code string
		want       []string
	}{
		{"groups", `console.group("a"); console.log("b\nc"); console.groupCollapsed(); console.log("d"); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log("e")`,
			[]string{"a", "  b\n  c", "    d", "e"}},
		{"count", `console.count(); console.count("x"); console.count(); console.countReset(); console.count(); console.countReset("none")`,
			[]string{"default: 1", "x: 1", "default: 2", "default: 1", "Count for 'none' does not exist"}},
		{"timers that are wrong", `console.time("a"); console.time("a"); console.timeLog("b"); console.timeEnd("b"); console.timeEnd("a")`,
			[]string{"Timer 'a' already exists", "Timer 'b' does not exist", "Timer 'b' does not exist", "a: 0ms"}},
		{"time", `const { now } = Date; console.time(); console.timeLog(undefined, { a: 1 }); console.timeEnd(); console.timeEnd()`,
			[]string{"default: 0ms { a: 1 }", "default: 0ms", "Timer 'default' does not exist"}},
		{"table", `console.table([{ a: 1, b: "x" }, { a: 2 }, 3])`, []string{strings.TrimSpace(`
┌─────────┬───┬─────┬────────┐
│ (index) │ a │ b   │ Values │
├─────────┼───┼─────┼────────┤
│ 0       │ 1 │ "x" │        │
│ 1       │ 2 │     │        │
│ 2       │   │     │ 3      │
└─────────┴───┴─────┴────────┘`)}},
		{"table of a map with columns", `console.table(new Map([["k", { a: 1 }]])); console.table({ r: { a: 1, b: 2 } }, ["b"])`, []string{strings.TrimSpace(`
┌───────────────────┬─────┬──────────┐
│ (iteration index) │ 0   │ 1        │
├───────────────────┼─────┼──────────┤
│ 0                 │ "k" │ { a: 1 } │
└───────────────────┴─────┴──────────┘`), strings.TrimSpace(`
┌─────────┬───┐
│ (index) │ b │
├─────────┼───┤
│ r       │ 2 │
└─────────┴───┘`)}},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, evaluator, isolatetest.Options{})
		run(t, r, tt.code)
		got := logs(r)
		// How long something took is not the test's to say.
		for i := range got {
			got[i] = elapsed.ReplaceAllString(got[i], ": 0ms")
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

var elapsed = regexp.MustCompile(`: \d+ms`)

func TestConsoleShowsErrors(t *testing.T) {
	t.Parallel()
	const at = "\n    at file:///guild/100000000000000001/bundle.js:"
	tests := []struct{ name, code, want string }{
		{"error", `console.log(new Error("boom"));`, "Error: boom" + at + "1:13"},
		{"name set later", `const e = new TypeError("x"); e.name = "Mine"; console.log(e);`, "Mine: x" + at + "1:11 {\n  name: \"Mine\"\n}"},
		{"members", `const e = Object.assign(new RangeError("x"), { code: "C" }); console.log(e);`, "RangeError: x" + at + "1:25 {\n  code: \"C\"\n}"},
		{"cause", `console.log(new Error("a", { cause: { b: 1 } }));`, "Error: a" + at + "1:13 {\n  [cause]: { b: 1 }\n}"},
		{"without stack", `const e = new Error("x"); e.stack = undefined; console.log([e]);`, "[ [Error: x] ]"},
		{"class", `class Bad extends Error {}; console.log(new Bad("x"));`, "Error: x" + at + "1:41"},
		{"aggregate", `const e = new AggregateError([1], "many"); e.stack = ""; console.log(e);`, "AggregateError: many { [errors]: [ 1 ] }"},
		{"hostile", `console.log(Object.defineProperty(new Error("x"), "message", { get() { throw 1 } }));`, "[a value that cannot be shown]"},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, tt.code, isolatetest.Options{})
		if diff := cmp.Diff([]string{tt.want}, logs(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestConsoleIsBounded(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code string }{
		{"text", `console.log("x".repeat(1e6))`},
		{"wide", `console.log(Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => "y".repeat(1000))))`},
		{"deep", `let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; console.dir(o, { depth: 1e9 })`},
		{"many arguments", `console.log(...Array.from({ length: 1e5 }, () => "z".repeat(100)))`},
		{"endless proxy", `const h = { get: () => p(), ownKeys: () => Array.from({ length: 50 }, (_, i) => "k" + i), getOwnPropertyDescriptor: () => ({ value: p(), enumerable: true, configurable: true }) }; const p = () => new Proxy({}, h); console.log(p())`},
		{"array with a giant hole", `const a = []; a[4294967294 - 1] = 1; console.log(a)`},
		{"table", `console.table(Array.from({ length: 1e4 }, () => ({ a: "x".repeat(1e4) })))`},
		{"groups", `for (let i = 0; i < 1000; i++) console.group(); console.log("a\n".repeat(5000))`},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, evaluator, isolatetest.Options{Limits: isolate.Limits{TurnCPU: patience}})
		run(t, r, tt.code)
		if len(r.Logs()) == 0 {
			t.Errorf("%s: nothing was logged", tt.name)
		}
		for _, l := range r.Logs() {
			if len(l.Text) > 100*1024 {
				t.Errorf("%s: a line of %d bytes", tt.name, len(l.Text))
			}
		}
	}
}

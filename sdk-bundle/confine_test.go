package sdkbundle_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// hidden are the names under which scripts would look for what is not theirs.
const hidden = `["natives", "ops", "boot", "enter", "__floraBoot", "core", "process", "require", "module", "SharedArrayBuffer", "WebAssembly", "Worker", "op_send_message"]`

func TestCodeMadeAtRunTimeReachesNothingMore(t *testing.T) {
	t.Parallel()
	look := "`[" + hidden + `.filter((n) => n in globalThis || (() => { try { return eval("typeof " + n) !== "undefined"; } catch { return false; } })()).join(), globalThis === global, new.target === undefined].join(" ")` + "`"
	r := isolatetest.Load(t, `globalThis.global = globalThis; const look = "return " + `+look+`;
		console.log("eval " + (0, eval)("(function () {" + look + "})()"));
		console.log("Function " + Function(look)());
		console.log("async " + await (async () => {}).constructor(look)());
		console.log("generator " + (function* () {}).constructor(look)().next().value);
		console.log("async generator " + (await (async function* () {}).constructor(look)().next()).value);
		console.log("bound " + Function.bind(null, look)()());
		console.log("construct " + Reflect.construct(Function, [look])());
		for (const f of [setTimeout, setInterval, queueMicrotask])
			try { f("globalThis.ran = 1", 0); console.log("taken"); } catch (e) { console.log(f.name + " " + e.name); }`, isolatetest.Options{})
	got := logs(r)
	if len(got) != 10 {
		t.Fatalf("got %q", got)
	}
	for _, line := range got[:7] {
		if !strings.HasSuffix(line, "  true true") {
			t.Errorf("it reaches more: %q", line)
		}
	}
	for _, line := range got[7:] {
		if !strings.HasSuffix(line, " TypeError") {
			t.Errorf("code as text: %q", line)
		}
	}
}

func TestImportsAtRunTimeAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"data:text/javascript,1", "file:///etc/passwd", "http://127.0.0.1/x.js", "https://example.com/x.js", "node:fs", "npm:lodash", "jsr:@std/fs", "blob:x",
		"flora:sdk", "./x.js", "/etc/passwd", "bundle.js", "file:///guild/100000000000000001/bundle.js", "", "__proto__",
	} {
		r := isolatetest.Load(t, fmt.Sprintf(`for (const make of [() => import(%[1]q), () => (0, eval)("import(" + JSON.stringify(%[1]q) + ")"), Function("return import(" + JSON.stringify(%[1]q) + ")")])
			try { await make(); console.log("taken"); } catch (e) { console.log(e instanceof TypeError, e.message); }`, name), isolatetest.Options{})
		for _, line := range logs(r) {
			if !strings.HasPrefix(line, fmt.Sprintf("true Cannot import %q at run time", name)) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// TestBuffersAreTheLanguages holds what takes ArrayBuffer's place to it.
func TestBuffersAreTheLanguages(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ code, want string }{
		"shape":                {`[ArrayBuffer.name, ArrayBuffer.length, typeof ArrayBuffer.isView, ArrayBuffer[Symbol.species] === ArrayBuffer].join()`, "ArrayBuffer,1,function,true"},
		"prototype":            {`JSON.stringify(Object.getOwnPropertyDescriptor(ArrayBuffer, "prototype"))`, `{"value":{},"writable":false,"enumerable":false,"configurable":false}`},
		"constructor":          {`[new Uint8Array(1).buffer.constructor === ArrayBuffer, new ArrayBuffer(1).constructor === ArrayBuffer, new ArrayBuffer(1) instanceof ArrayBuffer].join()`, "true,true,true"},
		"without new":          {`ArrayBuffer(1)`, "TypeError: Constructor ArrayBuffer requires 'new'"},
		"lengths":              {`[new ArrayBuffer().byteLength, new ArrayBuffer("3").byteLength, new ArrayBuffer({ valueOf: () => 4 }).byteLength, new ArrayBuffer(undefined, {}).byteLength].join()`, "0,3,4,0"},
		"a bad length":         {`new ArrayBuffer(-1)`, "RangeError: "},
		"a class of its own":   {`class B extends ArrayBuffer { get twice() { return this.byteLength * 2; } } const b = new B(4); [b.twice, b instanceof B, b.slice(1) instanceof B, b.slice(1).byteLength].join()`, "8,true,true,3"},
		"a new target":         {`Object.getPrototypeOf(Reflect.construct(ArrayBuffer, [1], Map)) === Map.prototype`, "true"},
		"methods":              {`const b = new ArrayBuffer(4); const c = b.transfer(8); [b.detached, c.byteLength, c.resizable, c.slice(2).byteLength, c.transferToFixedLength().byteLength].join()`, "true,8,false,6,8"},
		"cannot be resized":    {`new ArrayBuffer(1, { maxByteLength: 2 })`, "RangeError: Buffers that can be resized are not available in Flora; make a new one and copy, or use transfer(newLength)"},
		"a class that resizes": {`class B extends ArrayBuffer { constructor() { super(1, { maxByteLength: 2 }); } } new B()`, "RangeError: Buffers that can be resized"},
		"resized by reflect":   {`Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }])`, "RangeError: Buffers that can be resized"},
		"two answers":          {`let n = 0; new ArrayBuffer(1, { get maxByteLength() { return n++ ? 8 : undefined; } }).resizable`, "false"},
		"a species":            {`const b = new ArrayBuffer(4); b.constructor = { [Symbol.species]: function (n) { return new ArrayBuffer(n, { maxByteLength: 9 }); } }; b.slice(1)`, "RangeError: Buffers that can be resized"},
		"no resize":            {`new ArrayBuffer(4).resize(8)`, "TypeError"},
		"of typed arrays":      {`[new Float64Array([1, 2]).buffer.byteLength, new DataView(new ArrayBuffer(2)).byteLength, Uint8Array.from([1]).buffer instanceof ArrayBuffer].join()`, "16,2,true"},
	} {
		r := isolatetest.Load(t, fmt.Sprintf(`try { console.log(String((0, eval)(%q))); } catch (e) { console.log(e.name + ": " + e.message); }`, row.code), isolatetest.Options{})
		if got := logs(r); len(got) != 1 || !strings.HasPrefix(got[0], row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// TestNothingBlocksAThread covers the ways to wait without a turn's clock.
func TestNothingBlocksAThread(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const tries = [];
		for (const name of ["wait", "waitAsync"]) for (const A of [Int32Array, BigInt64Array])
			tries.push(() => Atomics[name](new A(2), 0, A === Int32Array ? 0 : 0n, 1000));
		tries.push(() => Object.getPrototypeOf(Int32Array.prototype).constructor.from.call(SharedArrayBuffer, [1]));
		tries.push(() => new (new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor)(8));
		for (const f of tries) try { console.log("taken " + f()); } catch (e) { console.log(e.name); }
		console.log(Atomics.notify(new Int32Array(1), 0));`, isolatetest.Options{})
	if got, want := strings.Join(logs(r), " "), "TypeError TypeError TypeError TypeError ReferenceError ReferenceError 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// confusing are values that are not what they seem.
const confusing = `[undefined, null, NaN, Infinity, -0, -1, 1.5, 2 ** 53 + 2, 10n ** 30n, "", "\ud800", "\0", "x".repeat(5_000), "../x", "__proto__", Symbol("s"), () => 1, [], [[]], {}, new Date(NaN),
	/x/, new Map([[1, 2]]), new Uint8Array(3), Promise.reject(1), new Proxy({}, { get() { throw new Error("trap"); }, ownKeys() { throw new Error("trap"); } }), new Proxy(() => {}, {}),
	{ toJSON() { return undefined; } }, { toJSON() { throw new Error("toJSON"); } }, { toJSON() { return this; } }, { get channelId() { throw new Error("getter"); } },
	{ n: 0, get channelId() { return this.n++ ? "2" : "1"; } }, { toString: () => "1", valueOf: () => 2, [Symbol.toPrimitive]: () => 3 }, Object.create({ channelId: "1" }), JSON.parse('{"__proto__":{"channelId":"1"},"constructor":1}'),
	(() => { const o = {}; o.o = o; return o; })(), (() => { let o = {}; for (let i = 0; i < 1000; i++) o = { o }; return o; })(), (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })(),
	class extends Array { static get [Symbol.species]() { throw new Error("species"); } }, new Array(500), Object.defineProperty([], 0, { get() { throw new Error("element"); } })]`

// TestEveryFunctionOfTheSDKTakesGarbage calls all of it with what is confusing;
// it may refuse, but neither die nor call an op with what is not JSON, which
// the rig looks for.
func TestEveryFunctionOfTheSDKTakesGarbage(t *testing.T) {
	t.Parallel()
	names := allOps()
	r := isolatetest.Load(t, `
		Promise.prototype.then.call(Promise.resolve(), () => {});
		const values = `+confusing+`; const promise = (v) => { try { return v instanceof Promise; } catch { return false; } }; for (const v of values) if (promise(v)) v.catch(() => {});
		const targets = { rest, store: kv.store("s"), kv, console, secrets, embed: { embed, EmbedBuilder } };
		for (const n of Object.keys(flora)) if (typeof flora[n] === "function" && !/^(on|cron|createBot)$/.test(n)) targets[n] = { [n]: flora[n] };
		let calls = 0;
		const pending = [];
		const tried = (f) => { calls++; try { const p = f(); if (promise(p)) pending.push(p.catch(() => {})); } catch (e) {  } };
		on("garbage", async () => {
			for (const o of Object.values(targets)) {
				const members = new Set([...Object.keys(o), ...Object.getOwnPropertyNames(Object.getPrototypeOf(o) ?? {})]);
				for (const m of members) {
					if (m === "constructor" || typeof o[m] !== "function" || Object.prototype.hasOwnProperty.call(Object.prototype, m)) continue;
					for (const v of values) {
						tried(() => o[m](v));
						tried(() => o[m](v, v));
						tried(() => o[m]({ channelId: v, messageId: v, userId: v, guildId: v, token: v, interactionId: v, content: v, data: v, key: v, value: v, emoji: v, name: v }));
						if (pending.length > 400) await Promise.all(pending.splice(0));
					}
				}
			}
			await Promise.all(pending);
			console.info("called " + calls);
		});
		on("after", (ctx) => ctx.reply("here"));`, isolatetest.Options{Ops: names, Limits: isolate.Limits{TurnCPU: patience, MemoryBytes: 512 << 20}})
	if f := r.Dispatch("garbage", `{}`); f != nil {
		t.Fatal(f.Text)
	}
	all := logs(r)
	var calls int
	if _, err := fmt.Sscanf(strings.TrimSpace(all[len(all)-1]), "called %d", &calls); err != nil || calls < 5000 {
		t.Errorf("it did not try: %q", all[len(all)-1])
	}
	before := len(r.Calls("op_send_message"))
	if f := r.Dispatch("after", message); f != nil || len(r.Calls("op_send_message")) != before+1 {
		t.Fatalf("the SDK does not work any more: %v", f)
	}
}

// allOps are the names of every op that the SDK may call.
func allOps() []string {
	out := append([]string{}, kvOps...)
	for _, e := range endpoint.All() {
		out = append(out, e.Op())
	}
	return out
}

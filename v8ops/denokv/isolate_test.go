package denokv_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres/postgrestest"
	"github.com/flora-runtime/flora-runtime/v8ops/denokv"
)

const guild snowflake.GuildID = 900000000000000001

// guilds numbers those of tests that share a database.
var guilds atomic.Uint64

// answers has the real ops on a real store answer an isolate's calls.
func answers(t *testing.T, c clock.Clock) (*op.Table, isolatetest.Answer) {
	t.Helper()
	limits := kv.DefaultLimits()
	limits.CommitsPerMinute = 0
	db, err := postgrestest.Open(t, kv.Config{Dir: "/kv", Memory: true, Limits: limits, Clock: c, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	table, err := op.NewTable(denokv.Ops(denokv.Deps{Store: db, Clock: c}))
	if err != nil {
		t.Fatal(err)
	}
	guild := guild + snowflake.GuildID(guilds.Add(1))
	return table, func(call isolatetest.Call) (string, bool, bool) {
		o, _ := table.Lookup(call.Op)
		v, err := o.Handler(context.WithoutCancel(t.Context()), op.Call{Guild: guild, Args: json.RawMessage(call.Args)})
		if err != nil {
			f := fault.From(err)
			b, _ := json.Marshal(map[string]any{"class": f.Class(), "message": f.Message, "code": f.ScriptCode()})
			return string(b), false, true
		}
		if v == nil {
			return "", true, true
		}
		b, _ := json.Marshal(v)
		return string(b), true, true
	}
}

// TestDocumented runs what Deno's documentation shows, and what it says holds.
func TestDocumented(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"set and get", `const r = await kv.set(["preferences", "ada"], { username: "ada", theme: "dark" });
			const e = await kv.get(["preferences", "ada"]); log(r.ok, r.versionstamp === e.versionstamp, e.key, e.value, e.versionstamp.length)`,
			`true true [ "preferences", "ada" ] { username: "ada", theme: "dark" } 20`},
		{"get nothing", `log(await kv.get(["none"]))`, `{ key: [ "none" ], value: null, versionstamp: null }`},
		{"getMany", `await kv.set(["a"], 1); await kv.set(["b"], 2); log((await kv.getMany([["b"], ["x"], ["a"]], { consistency: "eventual" })).map((e) => e.value))`, `[ 2, null, 1 ]`},
		{"more than ten keys", `log(await kv.getMany(Array.from({ length: 11 }, (_, i) => [i])).catch((e) => e.name + " " + e.message))`, `TypeError Too many ranges (max 10)`},
		{"delete", `await kv.set(["a"], 1); await kv.delete(["a"]); await kv.delete(["a"]); log((await kv.get(["a"])).value)`, `null`},
		{"order of parts", `const all = [[true], [false], [3n], [-3n], [0n], [10n ** 30n], [-(10n ** 30n)], [1.5], [-1], [0], [-0], [NaN], [Infinity], [-Infinity], ["b"], ["a\0b"], ["a"], ["a", 1], ["é"], [new Uint8Array([2])], [new Uint8Array([])], [new Uint8Array([1, 0, 1])]];
			for (const k of all) await kv.set(k, 0); const got = []; for await (const e of kv.list({ prefix: [] })) got.push(e.key.map((p) => p instanceof Uint8Array ? "u" + p.join("-") : Object.is(p, -0) ? "-0" : typeof p === "bigint" ? p + "n" : typeof p === "string" ? JSON.stringify(p) : String(p)).join("/")); log(got.join(" "))`,
			`u u1-0-1 u2 "a" "a"/1 "a\u0000b" "b" "é" -1000000000000000000000000000000n -3n 0n 3n 1000000000000000000000000000000n -Infinity -1 -0 0 1.5 Infinity NaN false true`},
		{"list a prefix", fill + `log(await keys(kv.list({ prefix: ["p"] })))`, `p1 p2 p3 p4 p5`},
		{"the prefix itself is not in it", `await kv.set(["p"], 0);` + fill + `log(await keys(kv.list({ prefix: ["p"] })))`, `p1 p2 p3 p4 p5`},
		{"list with start", fill + `log(await keys(kv.list({ prefix: ["p"], start: ["p", 3] })))`, `p3 p4 p5`},
		{"list with end", fill + `log(await keys(kv.list({ prefix: ["p"], end: ["p", 3] })))`, `p1 p2`},
		{"list a range", fill + `log(await keys(kv.list({ start: ["p", 2], end: ["p", 4] })))`, `p2 p3`},
		{"list in reverse", fill + `log(await keys(kv.list({ prefix: ["p"] }, { reverse: true, limit: 2 })))`, `p5 p4`},
		{"batches", fill + `log(await keys(kv.list({ prefix: ["p"] }, { batchSize: 2 })))`, `p1 p2 p3 p4 p5`},
		{"cursor", fill + `const i = kv.list({ prefix: ["p"] }, { limit: 2 }); log(await keys(i)); log(await keys(kv.list({ prefix: ["p"] }, { cursor: i.cursor })))`, `p1 p2|p3 p4 p5`},
		{"cursor in reverse", fill + `const i = kv.list({ prefix: ["p"] }, { limit: 2, reverse: true }); log(await keys(i)); log(await keys(kv.list({ prefix: ["p"] }, { cursor: i.cursor, reverse: true })))`, `p5 p4|p3 p2 p1`},
		{"bad selectors", `for (const s of [{}, { start: ["a"] }, { prefix: ["a"], start: ["a", 1], end: ["a", 2] }, { prefix: ["a"], start: ["b"] }]) try { await kv.list(s).next(); log("none"); } catch (e) { log(e.message); }`,
			`Selector must specify either 'prefix' or both 'start' and 'end' key|Selector must specify either 'prefix' or both 'start' and 'end' key|Selector can not specify both 'start' and 'end' key when specifying 'prefix'|Start key is not in the keyspace defined by prefix`},
		{"a check that holds", `await kv.set(["a"], 1); const e = await kv.get(["a"]); const r = await kv.atomic().check(e).set(["a"], 2).commit(); log(r.ok, r.versionstamp > e.versionstamp, (await kv.get(["a"])).value)`, `true true 2`},
		{"a check that does not", `await kv.set(["a"], 1); const e = await kv.get(["a"]); await kv.set(["a"], 9); log(await kv.atomic().check(e).set(["a"], 2).set(["b"], 2).commit(), (await kv.get(["a"])).value, (await kv.get(["b"])).value)`, `{ ok: false } 9 null`},
		{"a check of nothing", `const op = () => kv.atomic().check({ key: ["a"], versionstamp: null }).set(["a"], 1).commit(); log((await op()).ok, (await op()).ok)`, `true false`},
		{"one versionstamp for all", `const r = await kv.atomic().set(["a"], 1).set(["b"], 2).commit(); log((await kv.getMany([["a"], ["b"]])).every((e) => e.versionstamp === r.versionstamp))`, `true`},
		{"sum, min and max", `await kv.atomic().sum(["s"], 1n).min(["i"], 5n).max(["x"], 5n).commit(); await kv.atomic().sum(["s"], 10n).min(["i"], 3n).max(["x"], 3n).commit(); log((await kv.getMany([["s"], ["i"], ["x"]])).map((e) => e.value).join(" "))`, `11 3 5`},
		{"a sum wraps", `await kv.set(["s"], new Deno.KvU64(2n ** 64n - 1n)); await kv.atomic().sum(["s"], 2n).commit(); log((await kv.get(["s"])).value.value)`, `1n`},
		{"a sum of no number", `await kv.set(["s"], 1); log(await kv.atomic().sum(["s"], 2n).commit().catch((e) => e.message))`, `Failed to perform 'sum' mutation on a non-U64 value in the database`},
		{"mutate, one key twice", `await kv.atomic().mutate({ type: "set", key: ["a"], value: 1 }, { type: "delete", key: ["a"] }, { type: "sum", key: ["a"], value: new Deno.KvU64(7n) }).commit(); log((await kv.get(["a"])).value.value)`, `7n`},
		{"KvU64", `for (const v of [-1n, 2n ** 64n, 1]) try { new Deno.KvU64(v); log("none") } catch (e) { log(e.name) }`, `RangeError|RangeError|TypeError`},
		{"limits of keys and values", `log(await kv.set([], 1).catch((e) => e.message)); log(await kv.set(["x".repeat(2049)], 1).catch((e) => e.message)); log(await kv.set(["a"], new Uint8Array(65537)).catch((e) => e.message)); log((await kv.set(["a"], new Uint8Array(65536))).ok)`,
			`Key cannot be empty|Key too large for write (max 2048 bytes)|Value too large (max 65536 bytes)|true`},
		{"databases are apart", `const o = await Deno.openKv("other"); await o.set(["a"], 1); log((await kv.get(["a"])).value, (await o.get(["a"])).value)`, `null 1`},
		{"close", `kv.close(); log(await kv.get(["a"]).catch((e) => e.message))`, `This database is closed`},
		{"dispose", `const k = await Deno.openKv("d"); const name = Symbol.dispose ?? Symbol.for("Symbol.dispose"); k[name](); k[name](); log(await k.get(["a"]).catch((e) => e.message))`, `This database is closed`},
		{"not constructed", `try { new Deno.Kv() } catch (e) { log(e.message) }`, `Deno.Kv can not be constructed: use Deno.openKv instead`},
		{"watch", `const r = kv.watch([["w"], ["v"]]).getReader(); log((await r.read()).value.map((e) => e.value)); await r.cancel(); log((await r.read()).done)`, `[ null, null ]|true`},
		{"schedules", `const id = await flora.schedule(Date.now() + 60000, "remind", { to: 1n }); await schedule(new Date(Date.now() + 1000), "other"); const l = await schedule.list({ name: "remind" }); log(l.length, l[0].id === id, l[0].data, (await schedule.list()).length); log(await schedule.cancel(id), await schedule.cancel(id), (await schedule.list()).length)`, `1 true { to: 1n } 2|true false 1`},
		{"enqueue", `log((await kv.enqueue("m", { delay: 100, backoffSchedule: [1, 2], keysIfUndelivered: [["dead"]] })).ok); log(await kv.enqueue("m", { delay: -1 }).catch((e) => e.message)); log(await keys(kv.list({ prefix: [] })))`, `true|Delay must be >= 0: received -1|`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(strings.Split(tt.want, "|"), runScript(t, clock.Real, tt.code)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const fill = `for (const i of [3, 1, 5, 2, 4]) await kv.set(["p", i], i); await kv.set(["q"], 0); await kv.set(["o"], 0);
`

func runScript(t *testing.T, c clock.Clock, code string) []string {
	t.Helper()
	table, answer := answers(t, c)
	r := isolatetest.Load(t, `const log = console.log; const keys = async (i) => { const out = []; for await (const e of i) out.push(e.key.join("")); return out.join(" "); };
		const kv = await Deno.openKv(); `+code, isolatetest.Options{Ops: table.Names(), Answer: answer})
	out := []string{}
	for _, l := range r.Logs() {
		out = append(out, l.Text)
	}
	return out
}

// TestValues: what structured clones are, comes back as it was.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, v := range []string{
		`undefined`, `null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `2147483648`, `-2147483649`, `1.5`, `NaN`, `Infinity`, `""`, `"a😀é\0"`, `"\ud800x"`, `0n`, `-5n`, `2n ** 200n`, `new Date(5)`, `new Date(NaN)`, `/a\/b/giu`,
		`[]`, `[1, , 3]`, `[[], [[1]]]`, `{}`, `{ a: 1, "__proto__x": { b: [2] } }`, `new Map([[1, { a: 2 }], ["x", new Map()]])`, `new Set([1, "a", new Set()])`, `new Uint8Array([1, 2])`, `[new Uint8Array([1, 2])]`,
		`new Float64Array([1.5, NaN])`, `new BigInt64Array([-1n])`, `new Uint16Array(new ArrayBuffer(8), 2, 2)`, `new ArrayBuffer(3)`, `new Date(2 ** 40)`, `Object(1)`, `Object("s")`, `Object(false)`, `Object(5n)`,
	} {
		got := runScript(t, clock.Real, `const v = `+v+`; await kv.set(["v"], v); const w = (await kv.get(["v"])).value; log(Object.is(v, w) || v !== null && typeof v === "object" && Object.getPrototypeOf(v) === Object.getPrototypeOf(w)); log(v); log(w)`)
		if len(got) != 3 || got[0] != "true" || got[1] != got[2] {
			t.Errorf("%s: got %q", v, got)
		}
	}
	for _, tt := range [][2]string{
		{`const a = { x: [] }; a.self = a; a.x.push(a); await kv.set(["v"], a); const b = (await kv.get(["v"])).value; log(b.self === b, b.x[0] === b)`, `true true`},
		{`const u = new Uint8Array([1, 2, 3]); await kv.set(["v"], { u, v: new DataView(u.buffer, 1) }); const b = (await kv.get(["v"])).value; log(b.u.buffer === b.v.buffer, b.v.getUint8(0))`, `true 2`},
		{`await kv.set(["v"], new RangeError("far", { cause: "c" })); const b = (await kv.get(["v"])).value; log(b instanceof RangeError, b.message, b.cause)`, `true far c`},
		{`log(await kv.set(["v"], () => 1).catch((e) => e.name)); log(await kv.set(["v"], [Symbol()]).catch((e) => e.name))`, `DataCloneError|DataCloneError`},
		{`class P { x = 1; get y() { return 2 } } await kv.set(["v"], new P()); log((await kv.get(["v"])).value)`, `{ x: 1 }`},
	} {
		if diff := cmp.Diff(strings.Split(tt[1], "|"), runScript(t, clock.Real, tt[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt[0], diff)
		}
	}
}

// TestExpireIn: a key is gone soon after, and not before.
func TestExpireIn(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Unix(1_800_000_000, 500_000_000))
	table, answer := answers(t, c)
	r := isolatetest.Load(t, `const kv = await Deno.openKv(); await kv.set(["a"], 1, { expireIn: 1000 }); on("look", async () => console.log((await kv.get(["a"])).value)); `, isolatetest.Options{Ops: table.Names(), Answer: answer})
	for _, step := range []time.Duration{0, 999 * time.Millisecond, 600 * time.Millisecond} {
		c.Advance(step)
		if f := r.Dispatch("look", "{}"); f != nil {
			t.Fatal(f.Text)
		}
	}
	out := ""
	for _, l := range r.Logs() {
		out += l.Text + " "
	}
	if out != "1 1 null " {
		t.Errorf("got %s", out)
	}
}

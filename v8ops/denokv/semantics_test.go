package denokv_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
)

// helpers of the scripts below: the entries of a list, and what a call is refused
// with.
const helpers = `const all = async (i) => { const out = []; for await (const e of i) out.push(e); return out; };
const no = async (f) => { try { const v = await f(); log("none", v); } catch (e) { log(e.name + ": " + e.message); } };
const data = () => kv.atomic().set(["a"], -1).set(["a", "a"], 0).set(["a", "b"], 1).set(["a", "c"], 2).set(["a", "d"], 3).set(["a", "e"], 4).set(["b"], 99).set(["b", "a"], 100).commit();
const values = async (s, o) => log((await all(kv.list(s, o))).map((e) => e.value).join());
`

// TestSemantics holds each rule of Deno's manual, its API pages and its limits.
func TestSemantics(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		// Keys.
		{"order of types", `await kv.atomic().set([true], 0).set([false], 0).set([3.14], 0).set([1n], 0).set(["a"], 0).set([new Uint8Array(1)], 0).commit(); log((await all(kv.list({ prefix: [] }))).map((e) => e.key[0].constructor.name).join(), (await all(kv.list({ start: [0n], end: [true] }))).map((e) => e.key[0]).join())`,
			`Uint8Array,String,BigInt,Number,Boolean,Boolean 1,3.14,false`},
		{"a number is above all bigints", `await kv.set([1], "number"); await kv.set([2n ** 70n], "bigint"); await kv.set([-(2n ** 70n)], "low"); await values({ prefix: [] })`, `low,bigint,number`},
		{"a number and a bigint are two keys", `await kv.set([1], "number"); await kv.set([1n], "bigint"); log((await kv.getMany([[1], [1n], ["1"]])).map((e) => e.value))`, `[ "number", "bigint", null ]`},
		{"no injection", `await kv.set(["ab", "c"], 1); await kv.set(["a", "bc"], 2); await values({ prefix: ["a"] }); await values({ prefix: ["ab"] })`, `2|1`},
		{"a prefix is of whole parts", `await kv.set(["foo", "bar"], 1); await values({ prefix: ["f"] })`, ``},
		{"all keys come back", `for (const k of [["a", 1, "b"], [1n, true], [new Uint8Array([1, 0, 255]), "é\0", -0, NaN, -(2n ** 100n)]]) { await kv.set(k, 1); const { key } = await kv.get(k); log(key, (await all(kv.list({ prefix: k.slice(0, 1) })))[0].key); await kv.delete(k); }`,
			`[ "a", 1, "b" ] [ "a", 1, "b" ]|[ 1n, true ] [ 1n, true ]|[
  Uint8Array(3) [ 1, 0, 255 ],
  "é\x00",
  -0,
  NaN,
  -1267650600228229401496703205376n
] [
  Uint8Array(3) [ 1, 0, 255 ],
  "é\x00",
  -0,
  NaN,
  -1267650600228229401496703205376n
]`},
		{"keys that are none", `for (const k of [[null], [undefined], [], [{}], [new Date()], [new ArrayBuffer(3)], [["a"]], [() => 1], [Symbol()], "a", undefined]) await no(() => kv.set(k, 1))`,
			strings.Repeat("TypeError: Invalid type for key part 0: expected string, number, bigint, ArrayBufferView, boolean|", 2) + `TypeError: Key cannot be empty|` +
				strings.Repeat("TypeError: Invalid type for key part 0: expected string, number, bigint, ArrayBufferView, boolean|", 6) + `TypeError: A key must be an array of parts|TypeError: A key must be an array of parts`},
		{"the longest key", `const long = [new Uint8Array(2046).fill(1)], longer = [new Uint8Array(2047).fill(1)]; log((await kv.set(long, 1)).ok, (await kv.get(long)).value); await no(() => kv.set(longer, 1)); log((await kv.get(longer)).value); await no(() => kv.get([new Uint8Array(2048).fill(1)])); await no(() => kv.atomic().check({ key: longer, versionstamp: null }).commit())`,
			`true 1|TypeError: Key too large for write (max 2048 bytes)|null|TypeError: Key too large for read (max 2049 bytes)|TypeError: Key too large for write (max 2048 bytes)`},
		{"a key that grows by its zeros", `await no(() => kv.set(["\0".repeat(1024)], 1)); log((await kv.set(["\0".repeat(1023)], 1)).ok)`, `TypeError: Key too large for write (max 2048 bytes)|true`},
		{"the commit's versionstamp in a key", `const r = await kv.set(["a", kv.commitVersionstamp()], "b"); const s = await kv.atomic().set(["a", kv.commitVersionstamp()], "c").set(["x"], 1).commit(); const l = await all(kv.list({ prefix: ["a"] })); log(l.map((e) => e.value).join(), l[0].key[1] === r.versionstamp, l[1].key[1] === s.versionstamp, l[0].versionstamp === r.versionstamp, s.versionstamp > r.versionstamp, typeof kv.commitVersionstamp());
			await no(() => kv.set(["a", kv.commitVersionstamp(), "a"], 1)); await no(() => kv.get([kv.commitVersionstamp()])); log((await kv.get(["a", r.versionstamp])).value)`,
			`b,c true true true true symbol|TypeError: Invalid type for key part 1: expected string, number, bigint, ArrayBufferView, boolean|TypeError: Invalid type for key part 0: expected string, number, bigint, ArrayBufferView, boolean|b`},

		// Reads and writes.
		{"versionstamps grow", `const a = await kv.set(["a"], 1), b = await kv.set(["a"], 1), c = await kv.set(["b"], 1); log(a.versionstamp < b.versionstamp, b.versionstamp < c.versionstamp, /^[0-9a-f]{20}$/.test(c.versionstamp), a.versionstamp > "0".repeat(20))`, `true true true true`},
		{"consistency", `await kv.set(["a"], 1); log((await kv.get(["a"], { consistency: "eventual" })).value, (await kv.getMany([["a"]], { consistency: "strong" }))[0].value, (await all(kv.list({ prefix: [] }, { consistency: "eventual" }))).length); await no(() => kv.get(["a"], { consistency: "weak" }))`, `1 1 1|TypeError: consistency must be "strong" or "eventual"`},
		{"getMany", `const r = await data(); const m = await kv.getMany([["b", "a"], ["a"], ["c"]]); log(m.map((e) => [e.key.join("/"), e.value, e.versionstamp === r.versionstamp].join(" ")).join("; "), await kv.getMany([]))`, `b/a 100 true; a -1 true; c  false []`},
		{"undefined is a value", `await kv.set(["u"], undefined); await kv.set(["n"], null); const [u, n, x] = await kv.getMany([["u"], ["n"], ["x"]]); log(u.value, u.versionstamp !== null, n.value, n.versionstamp !== null, x.value, x.versionstamp)`, `undefined true null true null null`},
		{"delete gives nothing", `log(await kv.delete(["nothing"]))`, `undefined`},

		// Lists.
		{"list", `await data(); await values({ prefix: ["a"] }); await values({ prefix: ["c"] }); await values({ prefix: ["a"], start: ["a", "c"] }); await values({ prefix: ["a"], end: ["a", "c"] }); await values({ prefix: ["a"], start: ["a", "f"] }); await values({ start: ["a"], end: ["a", "d"] }); await values({ start: ["a"], end: ["a"] })`, `0,1,2,3,4||2,3,4|0,1||-1,0,1,2|`},
		{"list in reverse", `await data(); const o = { reverse: true }; await values({ prefix: ["a"] }, o); await values({ prefix: ["a"], start: ["a", "c"] }, o); await values({ prefix: ["a"], end: ["a", "c"] }, o); await values({ start: ["a", "a"], end: ["a", "z"] }, { reverse: true, limit: 3 }); await values({ prefix: ["a"] }, { reverse: true, limit: 3, batchSize: 2 })`, `4,3,2,1,0|4,3,2|1,0|4,3,2|4,3,2`},
		{"selectors that are none", `await data(); for (const s of [{ prefix: ["a"], start: ["a"] }, { prefix: ["b"], start: ["a"] }, { prefix: ["a"], end: ["a"] }, { prefix: ["a"], end: ["b"] }, { start: ["b"], end: ["a"] }, { end: ["a"] }, {}, null]) await no(() => all(kv.list(s)))`,
			`TypeError: Start key is not in the keyspace defined by prefix|TypeError: Start key is not in the keyspace defined by prefix|TypeError: End key is not in the keyspace defined by prefix|TypeError: End key is not in the keyspace defined by prefix|TypeError: Start key is greater than end key|TypeError: Selector must specify either 'prefix' or both 'start' and 'end' key|TypeError: Selector must specify either 'prefix' or both 'start' and 'end' key|TypeError: Selector must be an object`},
		{"limit and batchSize", `await data(); await no(() => kv.list({ prefix: [] }, { limit: 0 })); await no(() => kv.list({ prefix: [] }, { limit: -1 })); await no(() => kv.list({ prefix: [] }, { batchSize: 0 })); await no(() => all(kv.list({ prefix: [] }, { batchSize: 1001 }))); log((await all(kv.list({ prefix: [] }, { batchSize: 1000 }))).length, (await all(kv.list({ prefix: [] }, { limit: 1001 }))).length)`,
			`Error: Limit must be positive: received 0|Error: Limit must be positive: received -1|Error: batchSize must be positive: received 0|TypeError: Too many entries (max 1000)|8 8`},
		{"cursors", `await data(); const i = kv.list({ prefix: ["a"] }, { limit: 2 }); await no(() => i.cursor); await all(i); log(i.cursor); await values({ prefix: ["a"] }, { cursor: i.cursor }); const r = kv.list({ prefix: ["a"] }, { limit: 2, reverse: true }); await all(r); log(r.cursor); await values({ prefix: ["a"] }, { cursor: r.cursor, reverse: true });
			const s = { start: ["a", "b"], end: ["a", "z"] }; const q = kv.list(s, { limit: 2 }); await all(q); await values(s, { cursor: q.cursor }); const e = kv.list({ prefix: ["a"] }); await all(e); log(JSON.stringify(e.cursor))`,
			`Error: Cannot get cursor before first iteration|AmIA|2,3,4|AmQA|2,1,0|3,4|""`},
		{"cursors that are none", `await data(); const s = { start: ["a", "b"], end: ["a", "d"] }; await no(() => all(kv.list(s, { cursor: "?" }))); await no(() => all(kv.list(s, { cursor: 5 }))); const i = kv.list({ prefix: ["a"] }, { limit: 5 }); await all(i); await no(() => all(kv.list({ prefix: ["a"], end: ["a", "c"] }, { cursor: i.cursor, reverse: true }))); await values({ prefix: ["a"] }, { cursor: "" })`,
			`TypeError: Invalid cursor|TypeError: The cursor must be a string|TypeError: Cursor out of bounds|0,1,2,3,4`},
		{"an iterator is its own", `await data(); const i = kv.list({ prefix: ["b"] }); log(i[Symbol.asyncIterator]() === i, i instanceof Deno.KvListIterator, JSON.stringify(await i.next()).includes('"value":100'), await i.next(), await i.next())`, `true true true { done: true, value: undefined } { done: true, value: undefined }`},
		{"what is written meanwhile", `await data(); const seen = []; for await (const e of kv.list({ prefix: ["a"] }, { batchSize: 1 })) { seen.push(e.value); if (e.value === 1) await kv.atomic().delete(["a", "c"]).set(["a", "dd"], 33).commit(); } log(seen.join())`, `0,1,3,33,4`},

		// Atomic operations.
		{"several checks", `const a = await kv.set(["a"], 1), b = await kv.set(["b"], 2); const e = await kv.getMany([["a"], ["b"], ["c"]]); log((await kv.atomic().check(...e).set(["a"], 3).set(["b"], 4).commit()).ok); log(await kv.atomic().check(e[0], e[2]).set(["a"], 5).commit(), (await kv.get(["a"])).value)`, `true|{ ok: false } 3`},
		{"versionstamps that are none", `for (const v of ["", "xx".repeat(10), "aa".repeat(11), 5]) await no(() => kv.atomic().check({ key: ["a"], versionstamp: v }).commit()); await kv.set(["a"], 1); for (const v of ["f".repeat(20), "0".repeat(20), "0000000000000001ffff"]) log(await kv.atomic().check({ key: ["a"], versionstamp: v }).set(["a"], 2).commit())`,
			`TypeError: Invalid input for checks[0].versionstamp: invalid versionstamp: expected 20 hexadecimal digits, got ""|TypeError: Invalid input for checks[0].versionstamp: invalid versionstamp: expected 20 hexadecimal digits, got "xxxxxxxxxxxxxxxxxxxx"|TypeError: Invalid input for checks[0].versionstamp: invalid versionstamp: expected 20 hexadecimal digits, got "aaaaaaaaaaaaaaaaaaaaaa"|TypeError: Invalid check: a versionstamp is a string or null|{ ok: false }|{ ok: false }|{ ok: false }`},
		{"checks alone", `const r = await kv.set(["a"], 1); log((await kv.atomic().check({ key: ["a"], versionstamp: r.versionstamp }).commit()).ok, await kv.atomic().check({ key: ["a"], versionstamp: null }).commit(), (await kv.atomic().commit()).ok, (await kv.get(["a"])).versionstamp === r.versionstamp)`, `true { ok: false } true true`},
		{"order of mutations", `await kv.atomic().set(["a"], 1).delete(["a"]).commit(); await kv.atomic().delete(["b"]).set(["b"], 2).commit(); await kv.atomic().set(["c"], new Deno.KvU64(1n)).sum(["c"], 2n).min(["c"], 2n).commit(); log((await kv.getMany([["a"], ["b"], ["c"]])).map((e) => String(e.value)))`, `[ "null", "2", "2" ]`},
		{"mutations that are none", `for (const m of [{ type: "set" }, { type: "delete", value: "1" }, { type: "foobar" }, { type: "foobar", value: 1 }, { type: "sum", value: 1 }, { type: "min", value: 1n }, { type: "max" }]) await no(() => kv.atomic().mutate({ key: ["a"], ...m }).commit()); for (const t of ["sum", "min", "max"]) { await kv.set(["a"], 1); await no(() => kv.atomic()[t](["a"], 1n).commit()); }`,
			`TypeError: Invalid mutation 'set' without value|TypeError: Invalid mutation 'delete' with value|TypeError: Invalid mutation type|TypeError: Invalid mutation type|TypeError: Failed to perform 'sum' mutation on a non-U64 operand|TypeError: Failed to perform 'min' mutation on a non-U64 operand|TypeError: Invalid mutation 'max' without value|TypeError: Failed to perform 'sum' mutation on a non-U64 value in the database|TypeError: Failed to perform 'min' mutation on a non-U64 value in the database|TypeError: Failed to perform 'max' mutation on a non-U64 value in the database`},
		{"min and max begin with their operand", `await kv.atomic().min(["i"], 7n).max(["x"], 7n).mutate({ type: "max", key: ["y"], value: new Deno.KvU64(3n) }).commit(); log((await kv.getMany([["i"], ["x"], ["y"]])).map((e) => String(e.value)).join())`, `7,7,3`},
		{"nothing of a refused commit stays", `await kv.set(["a"], 1); await no(() => kv.atomic().set(["b"], 1).sum(["a"], 1n).set(["c"], 1).commit()); log((await all(kv.list({ prefix: [] }))).length)`, `TypeError: Failed to perform 'sum' mutation on a non-U64 value in the database|1`},
		{"an atomic operation is no promise", `await no(async () => { await kv.atomic().set(["a"], 1); }); log((await kv.get(["a"])).value, kv.atomic() instanceof Deno.AtomicOperation); await no(() => new Deno.AtomicOperation("")); await no(() => new Deno.KvListIterator(""))`,
			`TypeError: 'Deno.AtomicOperation' is not a promise: did you forget to call 'commit()'|null true|TypeError: Deno.AtomicOperation can not be constructed: use atomic() of a Deno.Kv instead|TypeError: Deno.KvListIterator can not be constructed: use list() of a Deno.Kv instead`},
		{"a commit twice", `const op = kv.atomic().sum(["n"], 1n); await op.commit(); await op.commit(); log(String((await kv.get(["n"])).value))`, `2`},
		{"racing sums", `const dbs = await Promise.all(Array.from({ length: 20 }, () => Deno.openKv())); for (let i = 0; i < 5; i++) await Promise.all(dbs.map((d) => d.atomic().sum(["n"], 1n).commit())); log((await kv.get(["n"])).value.value); for (const d of dbs) d.close()`, `100n`},

		// Limits.
		{"checks and mutations", `const n = (c) => Array.from({ length: c }, (_, i) => ["a", i]); const checks = (c) => n(c).map((key) => ({ key, versionstamp: null })); const sets = (c) => n(c).map((key) => ({ type: "set", key, value: 1 })); await no(() => kv.atomic().check(...checks(101)).mutate(...sets(10)).commit()); await no(() => kv.atomic().mutate(...sets(1001)).commit()); log((await kv.atomic().check(...checks(100)).mutate(...sets(1000)).commit()).ok); log((await all(kv.list({ prefix: ["a"] }))).length)`,
			`TypeError: Too many checks (max 100)|TypeError: Too many mutations (max 1000)|true|1000`},
		{"size of all mutations", `const v = "a".repeat(3000); let op = kv.atomic(); for (let i = 0; i < 1000; i++) op.set(["a", i], v); await no(() => op.commit()); op = kv.atomic(); for (let i = 0; i < 80; i++) op.set(["a".repeat(1100)], 1); await no(() => op.commit()); log((await all(kv.list({ prefix: [] }))).length)`,
			`TypeError: Total mutation size too large (max 819200 bytes)|TypeError: Total key size too large (max 81920 bytes)|0`},
		{"values that are too large", `await no(() => kv.set(["a"], new Uint8Array(65537))); await no(() => kv.set(["a"], "x".repeat(65536))); log((await kv.set(["a"], "x".repeat(65000))).ok, (await kv.enqueue(new Uint8Array(65536), { keysIfUndelivered: Array.from({ length: 10 }, (_, i) => ["x".repeat(2000), i]) })).ok); await no(() => kv.enqueue(new Uint8Array(65537)))`,
			`TypeError: Value too large (max 65536 bytes)|TypeError: Value too large (max 65536 bytes)|true true|TypeError: Value too large (max 65536 bytes)`},
		{"more than is read at once", `const v = new Uint8Array(65536); for (let i = 0; i < 80; i++) await kv.set(["big", i], v); const l = await all(kv.list({ prefix: ["big"] }, { batchSize: 1000 })); log(l.length, l.every((e, i) => e.key[1] === i && e.value.length === 65536)); log((await all(kv.list({ prefix: ["big"] }, { batchSize: 1000, reverse: true }))).map((e) => e.key[1]).join() === Array.from({ length: 80 }, (_, i) => 79 - i).join(), (await kv.getMany(Array.from({ length: 10 }, (_, i) => ["big", i]))).every((e) => e.value.length === 65536))`, `80 true|true true`},

		// Numbers of 64 bits.
		{"KvU64", `const a = new Deno.KvU64(1n); log(a.value, a.valueOf(), a + 1n, a.toString(), Object.isFrozen(a), Object.prototype.toString.call(a), Deno.inspect(a), Deno.inspect({ a })); for (const v of [-1n, 2n ** 64n, 1, "1"]) await no(() => new Deno.KvU64(v)); await kv.set(["m"], new Deno.KvU64(2n ** 64n - 1n)); const m = (await kv.get(["m"])).value; log(m instanceof Deno.KvU64, m.value === 2n ** 64n - 1n)`,
			`1n 1n 2n 1 true [object Deno.KvU64] [Deno.KvU64: 1n] { a: [Deno.KvU64: 1n] }|RangeError: Value must be a positive bigint: received -1|RangeError: Value must fit in a 64-bit unsigned integer|TypeError: Value must be a bigint: received number|TypeError: Value must be a bigint: received string|true true`},

		// Values.
		{"values that are none", `const circle = {}; circle.f = () => 1; for (const v of [() => 1, Symbol(), new WeakMap(), new WeakSet(), Promise.resolve(1), circle, new Blob(["a"]), new Headers(), new URL("https://a.b")]) try { await kv.set(["a"], v); log("none"); } catch (e) { log(e.name); } log((await kv.get(["a"])).value)`,
			strings.Repeat("DataCloneError|", 9) + `null`},
		{"what a getter throws", `await no(() => kv.set(["a"], { get x() { throw new RangeError("mine"); } }))`, `RangeError: mine`},
		{"a map that changes while it is read", `const m = new Map(); m.set("a", { get x() { m.set("more", 1); return 1; } }); await kv.set(["m"], m); log((await kv.get(["m"])).value)`, `Map(1) { "a" => { x: 1 } }`},
		{"exceptions", `await kv.set(["e"], new DOMException("gone", "NotFoundError")); const { value } = await kv.get(["e"]); log(value instanceof DOMException, value.name, value.message, value.code)`, `true NotFoundError gone 8`},
		{"a value is a copy", `const v = { n: [1] }; await kv.set(["v"], v); v.n.push(2); const { value } = await kv.get(["v"]); log(value, (await kv.get(["v"])).value !== value)`, `{ n: [ 1 ] } true`},

		// Databases.
		{"names", `for (const p of ["", ":foo", ":memory:", "./a.db", "https://example.com/kv", "x".repeat(62), 5]) await no(() => Deno.openKv(p)); await (await Deno.openKv("😀".repeat(61))).set(["a"], 1); log("opened")`,
			`TypeError: Filename cannot be empty|TypeError: Filename cannot start with ':': there are no databases in memory; give a name|TypeError: Filename cannot start with ':': there are no databases in memory; give a name|TypeError: Deno.openKv(path): there are no files and no remote databases here; give a name without "/" and "."|TypeError: Deno.openKv(path): there are no files and no remote databases here; give a name without "/" and "."|TypeError: Deno.openKv(path): a name has at most 61 characters|TypeError: Deno.openKv(path): path must be a string|opened`},
		{"one database, opened twice", `const a = await Deno.openKv("x"), b = await Deno.openKv("x"); await a.set(["k"], 1); log((await b.get(["k"])).value); a.close(); log((await b.get(["k"])).value)`, `1|1`},
		{"after close", `const i = kv.list({ prefix: [] }), op = kv.atomic().set(["a"], 1); kv.close(); for (const f of [() => kv.get(["a"]), () => kv.set(["a"], 1), () => kv.delete(["a"]), () => kv.getMany([["a"]]), () => kv.enqueue(1), () => i.next(), () => op.commit(), () => kv.list({ prefix: [] }), () => kv.watch([["a"]]), () => kv.close(), () => kv.listenQueue(() => 1)]) await no(f); log(await kv.get(["a"]).catch((e) => e instanceof Deno.errors.BadResource), kv[Symbol.dispose ?? Symbol.for("Symbol.dispose")]())`,
			strings.Repeat("BadResource: This database is closed|", 10) + `Error: Queue already closed|true undefined`},
		{"methods are of their class", `for (const m of ["get", "set", "delete", "getMany", "list", "atomic", "enqueue", "watch", "close", "commitVersionstamp"]) try { await Deno.Kv.prototype[m].call({}, [["a"]]); log(m); } catch (e) { if (!(e instanceof TypeError)) log(m, e); } log("all")`, `all`},

		// Queues.
		{"what cannot be enqueued", `for (const o of [{ delay: -100 }, { delay: NaN }, { delay: 30 * 864e5 + 1 }, { delay: "5" }, { backoffSchedule: [1, 1, 1, 1, 1, 1] }, { backoffSchedule: [3600001] }, { backoffSchedule: [NaN] }, { keysIfUndelivered: ["a"] }, { keysIfUndelivered: Array.from({ length: 11 }, (_, i) => [i]) }]) await no(() => kv.enqueue("m", o)); log((await kv.enqueue("m", { delay: 30 * 864e5 })).ok, (await kv.atomic().enqueue("m").set(["a"], 1).commit()).ok); await no(() => kv.enqueue(() => 1)); await no(() => kv.listenQueue(5))`,
			`TypeError: Delay must be >= 0: received -100|TypeError: Delay cannot be NaN|TypeError: Delay cannot be greater than 30 days: received 2592000001|TypeError: Delay must be a number of milliseconds|TypeError: Invalid backoffSchedule, max 5 intervals allowed|TypeError: Invalid backoffSchedule, interval at index 0 is invalid|TypeError: Invalid backoffSchedule, interval at index 0 is invalid|TypeError: A key must be an array of parts|TypeError: Invalid input for enqueues[0].keysIfUndelivered: there are more than 10|true true|DataCloneError: A function could not be cloned|TypeError: listenQueue(handler): handler must be a function`},
		{"nothing is enqueued when a check fails", `await kv.set(["a"], 1); log(await kv.atomic().check({ key: ["a"], versionstamp: null }).enqueue("m").commit(), (await all(kv.list({ prefix: [] }))).length)`, `{ ok: false } 1`},
		{"messages are no entries", `await kv.enqueue("m"); log((await all(kv.list({ prefix: [] }))).length, (await all(kv.list({ start: [], end: [true, "\uffff"] }))).length)`, `0 0`},
		{"listening ends with the database", `const done = kv.listenQueue(() => 1), again = kv.listenQueue(() => 2); kv.close(); log(await done, await again)`, `undefined undefined`},

		// Watches.
		{"a watch is a stream", `const s = kv.watch([["a"], ["b"]]); log(s instanceof ReadableStream, s.locked); const r = s.getReader(); const { value } = await r.read(); log(value.map((e) => [e.key, e.value, e.versionstamp])); await r.cancel(); log(await r.read())`,
			`true false|[ [ [ "a" ], null, null ], [ [ "b" ], null, null ] ]|{ value: undefined, done: true }`},
		{"a watch ends with its database", `const s = kv.watch([["a"]]); const r = s.getReader(); await r.read(); const next = r.read(); kv.close(); log((await next).done); for await (const e of kv2.watch([["a"]])) { log(e[0].value); break; }`, `true|null`},
		{"what cannot be watched", `await no(() => kv.watch([])); await no(() => kv.watch(Array.from({ length: 11 }, (_, i) => [i]))); await no(() => kv.watch("a")); await no(() => kv.watch(["a"]))`,
			`TypeError: watch needs a key|TypeError: Too many keys (max 10)|TypeError: The keys must be an array of keys|TypeError: A key must be an array of parts`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := []string{}
			if tt.want != "" || strings.Contains(tt.code, "values(") {
				want = strings.Split(tt.want, "|")
			}
			if diff := cmp.Diff(want, runScript(t, clock.Real, helpers+"const kv2 = await Deno.openKv(\"second\");\n"+tt.code)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

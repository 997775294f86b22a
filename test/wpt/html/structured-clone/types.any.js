// META: title=What structuredClone copies, by the HTML standard

const same = (a, b, what) => assert_true(Object.is(a, b), what);

for (const v of [undefined, null, true, false, 0, -0, NaN, Infinity, -1.5, 2 ** 53, 10n, -(2n ** 70n), "", "text", "\u0000", "\ud800", "\u{1f600}"]) {
  test(() => {
    same(structuredClone(v), v);
    same(structuredClone([v])[0], v, "in a list");
    same(structuredClone({ v }).v, v, "in an object");
    same([...structuredClone(new Map([[v, v]])).keys()][0], v === 0 ? 0 : v, "in a Map");
    same([...structuredClone(new Set([v]))][0], v === 0 ? 0 : v, "in a Set");
  }, `${typeof v} ${Object.is(v, -0) ? "-0" : String(v)}`);
}

for (const v of [Object(true), Object(false), Object(0), Object(-0), Object(NaN), Object("text"), Object(10n)]) {
  test(() => {
    const c = structuredClone(v);
    assert_not_equals(c, v);
    assert_equals(Object.getPrototypeOf(c), Object.getPrototypeOf(v));
    same(c.valueOf(), v.valueOf());
    Object.assign(v, { more: 1 });
    assert_false("more" in structuredClone(v), "what is added is left out");
  }, `a wrapped ${typeof v.valueOf()}: ${String(v)}`);
}

test(() => {
  for (const at of [0, -1e12, NaN, 8.64e15]) same(structuredClone(new Date(at)).getTime(), at);
  for (const r of [/a/, /a\/b/gimsuy, new RegExp(""), /[[a]--b]/v]) {
    r.lastIndex = 3;
    const c = structuredClone(r);
    assert_equals(c.source, r.source);
    assert_equals(c.flags, r.flags);
    assert_equals(c.lastIndex, 0);
  }
}, "dates and regular expressions");

test(() => {
  const b = new ArrayBuffer(16);
  const views = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array].map((C) => new C(b, 8));
  const c = structuredClone([b, ...views, new DataView(b, 3, 5)]);
  assert_equals(c[0].byteLength, 16);
  assert_not_equals(c[0], b);
  for (let i = 0; i < views.length; i++) {
    assert_equals(c[i + 1].buffer, c[0], "one buffer for all");
    assert_equals(c[i + 1].byteOffset, 8);
    assert_equals(c[i + 1].length, views[i].length);
    assert_equals(c[i + 1].constructor, views[i].constructor);
  }
  assert_equals(c.at(-1).byteOffset, 3);
  assert_equals(c.at(-1).byteLength, 5);
  new Uint8Array(b)[9] = 7;
  assert_equals(c[2][1], 0);
}, "buffers and their views");

test(() => {
  const o = { a: 1, get b() { return 2; }, [Symbol("s")]: 3, 5: 6 };
  Object.defineProperty(o, "hidden", { value: 4 });
  o.self = o;
  const c = structuredClone(o);
  assert_array_equals(Object.keys(c), ["5", "a", "b", "self"]);
  assert_equals(c.self, c);
  assert_true(Object.getOwnPropertyDescriptor(c, "b").writable);
  class Point { x = 1; get y() { return 2; } }
  const p = structuredClone(new Point());
  assert_equals(Object.getPrototypeOf(p), Object.prototype);
  assert_array_equals(Object.keys(p), ["x"]);
  assert_equals(Object.getPrototypeOf(structuredClone(Object.create(null))), Object.prototype);
  const list = [1, , 3];
  list.more = 4;
  const l = structuredClone(list);
  assert_equals(l.length, 3);
  assert_false(1 in l);
  assert_equals(l.more, 4);
  const big = [];
  big.length = 1000;
  assert_equals(structuredClone(big).length, 1000);
  const shared = {};
  const two = structuredClone([shared, shared]);
  assert_equals(two[0], two[1]);
  assert_equals(structuredClone({ ["__proto__"]: 1 })["__proto__"], 1);
}, "objects and lists");

test(() => {
  const m = new Map();
  m.set(m, m).set({ k: 1 }, new Set([m]));
  const c = structuredClone(m);
  assert_equals(c.get(c), c);
  const [key, value] = [...c][1];
  assert_equals(key.k, 1);
  assert_true(value.has(c));
  assert_array_equals([...structuredClone(new Set([3, 1, 2]))], [3, 1, 2]);
}, "maps and sets, in themselves too");

for (const C of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
  test(() => {
    const e = new C("message", { cause: { a: 1 } });
    e.more = 1;
    const c = structuredClone(e);
    assert_equals(Object.getPrototypeOf(c), C.prototype);
    assert_equals(c.message, "message");
    assert_equals(c.cause.a, 1);
    assert_equals(typeof c.stack, "string");
    assert_false("more" in c);
    assert_false(Object.hasOwn(structuredClone(new C()), "message"));
  }, C.name);
}

test(() => {
  class Mine extends Error {}
  const e = new Mine("x");
  assert_equals(structuredClone(e).constructor, Error);
  e.name = "TypeError";
  assert_equals(structuredClone(e).constructor, TypeError);
  e.name = "Odd";
  assert_equals(structuredClone(e).constructor, Error);
  assert_equals(structuredClone(new AggregateError([1], "m")).message, "m");
  const d = structuredClone(new DOMException("m", "AbortError"));
  assert_true(d instanceof DOMException);
  assert_equals(d.code, 20);
}, "other errors");

promise_test(async () => {
  const b = structuredClone(new Blob(["abc"], { type: "a/b" }));
  assert_equals(b.type, "a/b");
  assert_equals(await b.text(), "abc");
  const f = structuredClone({ f: new File(["x"], "n", { lastModified: 5, type: "t/t" }) }).f;
  assert_true(f instanceof File);
  assert_equals(f.name + f.lastModified + f.type + (await f.text()), "n5t/tx");
}, "blobs and files");

for (const [name, v] of Object.entries({
  "a function": () => {}, "a class": class {}, "a symbol": Symbol("x"), "a wrapped symbol": Object(Symbol("x")), "a WeakMap": new WeakMap(), "a WeakSet": new WeakSet(), "a Promise": Promise.resolve(), "a WeakRef": new WeakRef({}),
  "an Event": new Event("x"), "Headers": new Headers(), "a Response": new Response(), "a URL": new URL("https://h/"), "a port": new MessageChannel().port1, "a stream": new ReadableStream(), "a signal": new AbortController().signal,
})) {
  test(() => {
    assert_throws_dom("DataCloneError", () => structuredClone(v));
    assert_throws_dom("DataCloneError", () => structuredClone({ deep: [v] }));
    assert_throws_dom("DataCloneError", () => structuredClone(new Map([[1, v]])));
  }, `${name} is not cloned`);
}

test(() => {
  const mine = new Error("mine");
  assert_throws_exactly(mine, () => structuredClone({ get a() { throw mine; } }));
  assert_throws_js(TypeError, () => structuredClone());
  for (const o of [1, "x", { transfer: 1 }, { transfer: {} }, { transfer: [1] }, { transfer: [null] }]) assert_throws_js(TypeError, () => structuredClone({}, o), JSON.stringify(o));
  for (const o of [undefined, null, {}, { transfer: [] }, { transfer: undefined }]) structuredClone({}, o);
  const b = new ArrayBuffer(4);
  assert_throws_dom("DataCloneError", () => structuredClone(b, { transfer: [b, b] }));
  assert_equals(b.byteLength, 4);
  assert_throws_dom("DataCloneError", () => structuredClone(b, { transfer: [b, new Blob([])] }));
  const moved = structuredClone(b, { transfer: [b] });
  assert_equals(moved.byteLength, 4);
  assert_equals(b.byteLength, 0);
  assert_throws_dom("DataCloneError", () => structuredClone(b, { transfer: [b] }));
  assert_throws_dom("DataCloneError", () => structuredClone(b));
  const u = new Uint8Array([1, 2, 3]);
  const w = structuredClone(u, { transfer: [u.buffer] });
  assert_equals(w[2], 3);
  assert_equals(u.length, 0);
  const kept = new ArrayBuffer(1);
  structuredClone(null, { transfer: [kept] });
  assert_equals(kept.byteLength, 0, "it moves although it is not in the value");
}, "transfer");

test(() => {
  let deep = {};
  for (let i = 0, at = deep; i < 2000; i++) at = at.next = {};
  let n = 0;
  for (let at = structuredClone(deep); at.next; at = at.next) n++;
  assert_equals(n, 2000);
}, "deep values");

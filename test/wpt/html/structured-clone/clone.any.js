// META: title=structuredClone, by the HTML standard
function same(name, value, ...checks) {
  test(() => {
    const c = structuredClone(value);
    assert_equals(Object.prototype.toString.call(c), Object.prototype.toString.call(value));
    if (value !== null && typeof value === "object") assert_not_equals(c, value);
    for (const f of checks) assert_equals(f(c), f(value));
  }, name);
}
for (const v of [undefined, null, true, false, 0, -0, NaN, 1.5, Infinity, "", "a\ud800", 10n]) test(() => assert_equals(structuredClone(v), v), `primitive ${typeof v} ${String(v)}`);
for (const v of [Object(true), Object(1.5), Object("x"), Object(5n)]) same(`wrapped ${typeof v.valueOf()}`, v, (o) => o.valueOf());
same("Date", new Date(5), (d) => d.getTime());
same("an invalid Date", new Date(NaN), (d) => d.getTime());
same("RegExp", Object.assign(/a\/b/giu, { lastIndex: 3 }), (r) => r.source, (r) => r.flags);
test(() => assert_equals(structuredClone(Object.assign(/a/g, { lastIndex: 3 })).lastIndex, 0), "lastIndex is not kept");
same("ArrayBuffer", new Uint8Array([1, 2]).buffer, (b) => new Uint8Array(b).join());
same("typed array", new Uint16Array([1, 2, 3]).subarray(1), (a) => a.join(), (a) => a.byteOffset, (a) => a.buffer.byteLength);
same("DataView", new DataView(new ArrayBuffer(8), 2, 3), (d) => d.byteOffset, (d) => d.byteLength);
same("Map", new Map([[1, { a: 2 }], ["x", null]]), (m) => JSON.stringify([...m]));
same("Set", new Set([1, "2", null]), (s) => JSON.stringify([...s]));
same("array with holes", [1, , 3], (a) => a.length, (a) => 1 in a);
same("object", { a: { b: [1, { c: 2 }] }, "": 0, 5: 6 }, JSON.stringify, (o) => Object.keys(o).join());
same("a member named __proto__", JSON.parse('{"__proto__": {"a": 1}}'), (o) => Object.hasOwn(o, "__proto__"));
test(() => {
  for (const C of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const e = new C("m");
    const c = structuredClone(e);
    assert_equals(Object.getPrototypeOf(c), C.prototype);
    assert_equals(c.message, "m");
    assert_equals(c.stack, e.stack);
    assert_own_property(c, "message");
  }
  const odd = Object.assign(new RangeError("m"), { name: "Odd", extra: 1 });
  assert_equals(Object.getPrototypeOf(structuredClone(odd)), Error.prototype);
  assert_not_own_property(structuredClone(odd), "extra");
  assert_not_own_property(structuredClone(new Error()), "message");
  const d = structuredClone(new DOMException("m", "AbortError"));
  assert_true(d instanceof DOMException);
  assert_equals(d.name + d.message + d.code, "AbortErrorm20");
}, "errors");
test(() => {
  const o = { list: [], map: new Map() };
  o.self = o;
  o.list.push(o, o.list);
  o.map.set(o, o.map);
  const c = structuredClone(o);
  assert_equals(c.self, c);
  assert_equals(c.list[0], c);
  assert_equals(c.list[1], c.list);
  assert_equals(c.map.get(c), c.map);
}, "what refers to itself");
test(() => {
  const b = new ArrayBuffer(4);
  const c = structuredClone([new Uint8Array(b, 1), new Uint8Array(b), b]);
  assert_equals(c[0].buffer, c[1].buffer);
  assert_equals(c[2], c[1].buffer);
}, "views share their buffer");
test(() => {
  class A { constructor() { this.own = 1; } get got() { return 2; } }
  const c = structuredClone(new A());
  assert_equals(Object.getPrototypeOf(c), Object.prototype);
  assert_array_equals(Object.keys(c), ["own"]);
  const getters = structuredClone({ get a() { return 5; } });
  assert_equals(Object.getOwnPropertyDescriptor(getters, "a").value, 5);
  assert_throws_exactly("g", () => structuredClone({ get a() { throw "g"; } }));
  assert_array_equals(Object.keys(structuredClone({ [Symbol("s")]: 1, a: 2 })), ["a"]);
}, "classes and getters");
test(() => {
  for (const v of [Symbol(), () => {}, class {}, new WeakMap(), new WeakSet(), Promise.resolve(), new Event("x"), new EventTarget(), new AbortController().signal, new Headers(), new URL("http://a.b"), { a: [Symbol()] }, new Map([[1, () => {}]]), Object(Symbol())]) {
    assert_throws_dom("DataCloneError", () => structuredClone(v));
  }
  assert_throws_js(TypeError, () => structuredClone());
}, "what cannot be cloned");
test(() => {
  const b = new Uint8Array([1, 2, 3]).buffer;
  const c = structuredClone({ b, v: new Uint8Array(b, 1) }, { transfer: [b] });
  assert_equals(b.byteLength, 0);
  assert_true(b.detached);
  assert_equals(c.v.buffer, c.b);
  assert_equals(c.v.join(), "2,3");
  assert_throws_dom("DataCloneError", () => structuredClone(b));
  assert_throws_dom("DataCloneError", () => structuredClone(null, { transfer: [b] }));
}, "a buffer is transferred");
test(() => {
  const b = new ArrayBuffer(1);
  assert_throws_dom("DataCloneError", () => structuredClone(null, { transfer: [b, b] }));
  assert_throws_dom("DataCloneError", () => structuredClone(null, { transfer: [{}] }));
  assert_throws_dom("DataCloneError", () => structuredClone(() => {}, { transfer: [b] }));
  assert_equals(b.byteLength, 1);
  structuredClone(null, { transfer: [b] });
  assert_true(b.detached);
}, "what cannot be transferred leaves all as it was");

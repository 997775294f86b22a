// Headers, by the Fetch standard.

const list = (h) => JSON.stringify([...h]);

for (const [name, init, want] of [
  ["nothing", undefined, []],
  ["an object", { B: "1", a: 2, c: null, d: undefined }, [["a", "2"], ["b", "1"], ["c", "null"], ["d", "undefined"]]],
  ["pairs", [["b", "1"], ["a", "2"], ["B", "3"]], [["a", "2"], ["b", "1, 3"]]],
  ["other headers", new Headers({ x: "y" }), [["x", "y"]]],
  ["a Map", new Map([["x", "y"]]), [["x", "y"]]],
  ["an iterable of iterables", new Set([new Set(["x", "y"])]), [["x", "y"]]],
  ["names that differ in case", { a: "1", A: "2" }, [["a", "1, 2"]]],
  ["a function's members", Object.assign(() => {}, { a: "b" }), [["a", "b"]]],
  ["what cannot be listed", Object.defineProperty({ a: "b" }, "c", { value: "d" }), [["a", "b"]]],
  ["null", null, null],
  ["a number", 1, null],
  ["a text", "a: b", null],
  ["a symbol", Symbol("x"), null],
  ["a single", [["a"]], null],
  ["a triple", [["a", "b", "c"]], null],
  ["texts", ["ab"], null],
  ["a member that is a symbol", { [Symbol("x")]: "y" }, null],
  ["an iterator that is none", { [Symbol.iterator]: 1 }, null],
  ["an iterator that is null", { a: "b", [Symbol.iterator]: null }, null], // The symbol is a member.
  ["an empty name", { "": "x" }, null],
  ["a name with a space", { "a b": "x" }, null],
  ["a value with a line break", { a: "x\ny" }, null],
  ["a value beyond bytes", { a: "\u0100" }, null],
]) {
  test(() => {
    if (want === null) assert_throws_js(TypeError, () => new Headers(init));
    else assert_equals(list(new Headers(init)), JSON.stringify(want));
  }, `made from ${name}`);
}

for (const name of ["", " ", "a b", "a:", "a\u0000", "a\n", "(a)", "a,b", "a/b", "a;b", "a<b", "a=b", "a?b", "a@b", "a[b", "a\\b", "a]b", "a{b", "a}b", 'a"b', "\u00fc", "\u0100", "\ud83d\ude00"]) {
  test(() => {
    const h = new Headers();
    for (const f of [() => h.append(name, "x"), () => h.set(name, "x"), () => h.get(name), () => h.has(name), () => h.delete(name)]) assert_throws_js(TypeError, f);
  }, `${JSON.stringify(name)} is no name`);
}
for (const name of ["a", "A-b", "!#$%&'*+-.^_`|~09", "a".repeat(1000), 5, null]) {
  test(() => {
    const h = new Headers();
    h.append(name, "x");
    assert_equals(h.get(name), "x");
    assert_equals([...h.keys()][0], String(name).toLowerCase());
  }, `${String(name).slice(0, 40)} is a name`);
}

for (const [value, want] of [
  ["x", "x"], ["", ""], [" x ", "x"], ["\t\r\n x\ty \n", "x\ty"], ["\u00ff", "\u00ff"], ["\u0001\u007f", "\u0001\u007f"], [5, "5"], [null, "null"], [undefined, "undefined"], [[1, 2], "1,2"],
  ["\u000bx\u000c", "\u000bx\u000c"], ["a,b", "a,b"], ["x\u0000y", null], ["x\ny", null], ["x\ry", null], ["\u0100", null], ["\u0000", null], [Symbol("x"), null],
]) {
  test(() => {
    const h = new Headers();
    if (want === null) {
      assert_throws_js(TypeError, () => h.append("a", value));
      assert_throws_js(TypeError, () => h.set("a", value));
      assert_false(h.has("a"));
      return;
    }
    h.append("a", value);
    assert_equals(h.get("a"), want);
    h.set("a", value);
    assert_equals(h.get("A"), want);
  }, `the value ${typeof value === "symbol" ? "of a symbol" : JSON.stringify(value)}`);
}

test(() => {
  const h = new Headers({ a: "1", b: "2" });
  h.append("A", "3");
  assert_equals(h.get("a"), "1, 3");
  h.set("a", "4");
  assert_equals(h.get("a"), "4");
  h.delete("B");
  h.delete("nothing");
  assert_false(h.has("b"));
  assert_equals(h.get("b"), null);
  h.append("e", "");
  h.append("e", "");
  assert_equals(h.get("e"), ", ");
  assert_equals(list(h), '[["a","4"],["e",", "]]');
}, "append, set, get, has, delete");

test(() => {
  const h = new Headers([["set-cookie", "a=1"], ["x", "y"], ["Set-Cookie", "b=2; Expires=Wed, 1 Jan"]]);
  assert_array_equals(h.getSetCookie(), ["a=1", "b=2; Expires=Wed, 1 Jan"]);
  assert_equals(h.get("set-cookie"), "a=1, b=2; Expires=Wed, 1 Jan");
  assert_equals(list(h), '[["set-cookie","a=1"],["set-cookie","b=2; Expires=Wed, 1 Jan"],["x","y"]]');
  h.set("set-cookie", "c=3");
  assert_array_equals(h.getSetCookie(), ["c=3"]);
  h.append("set-cookie", "");
  assert_array_equals(h.getSetCookie(), ["c=3", ""]);
  h.delete("Set-Cookie");
  assert_array_equals(h.getSetCookie(), []);
  assert_array_equals(new Headers(new Headers([["set-cookie", "a"], ["set-cookie", "b"]])).getSetCookie(), ["a", "b"]);
}, "cookies stay apart");

test(() => {
  const log = [];
  const init = new Proxy({ c: "3", a: "1" }, {
    ownKeys: (t) => (log.push("keys"), Reflect.ownKeys(t)),
    getOwnPropertyDescriptor: (t, k) => (log.push(`own ${String(k)}`), Reflect.getOwnPropertyDescriptor(t, k)),
    get: (t, k, r) => (log.push(`get ${String(k)}`), Reflect.get(t, k, r)),
  });
  new Headers(init);
  assert_array_equals(log, ["get Symbol(Symbol.iterator)", "keys", "own c", "get c", "own a", "get a"]);
}, "the order in which a record is read");

test(() => {
  const h = new Headers({ a: "1", c: "3" });
  const seen = [];
  for (const [k] of h) {
    seen.push(k);
    if (k === "a") h.append("b", "2");
    if (k === "b") h.delete("c");
    if (seen.length > 9) break;
  }
  assert_array_equals(seen, ["a", "b"]);
  const before = [];
  for (const [k] of h) {
    before.push(k);
    if (before.length === 1) h.append("0", "x");
  }
  assert_array_equals(before, ["a", "a", "b"]);
  const each = [];
  const self = {};
  h.forEach(function (v, k, all) {
    assert_equals(this, self);
    assert_equals(all, h);
    each.push(k + v);
  }, self);
  assert_array_equals(each, ["0x", "a1", "b2"]);
}, "iteration sees changes");

test(() => {
  const h = new Headers({ b: "1", a: "2" });
  assert_array_equals([...h.keys()], ["a", "b"]);
  assert_array_equals([...h.values()], ["2", "1"]);
  assert_equals(h[Symbol.iterator], h.entries);
  const it = h.entries();
  assert_equals(Object.prototype.toString.call(it), "[object Headers Iterator]");
  const proto = Object.getPrototypeOf(it);
  assert_true(Object.hasOwn(proto, "next"));
  assert_equals(Object.getPrototypeOf(proto), Object.getPrototypeOf(Object.getPrototypeOf([].values())));
  assert_throws_js(TypeError, () => it.next.call({}));
}, "the iterators");

test(() => {
  const h = new Headers();
  for (const [method, count] of Object.entries({ append: 2, delete: 1, get: 1, has: 1, set: 2, forEach: 1, getSetCookie: 0, entries: 0 })) {
    assert_equals(h[method].length, count, method);
    if (count > 0) assert_throws_js(TypeError, () => h[method](...["x"].slice(2 - count)), method);
    assert_throws_js(TypeError, () => Headers.prototype[method].call({}, "a", "b"), method);
  }
  assert_throws_js(TypeError, () => h.forEach(5));
  assert_throws_js(TypeError, () => Headers());
  assert_equals(Object.prototype.toString.call(h), "[object Headers]");
  assert_equals(Headers.length, 0);
}, "the shape of the class");

test(() => {
  for (const r of [Response.error(), Response.redirect("https://h/")]) {
    for (const f of [() => r.headers.append("a", "b"), () => r.headers.set("a", "b"), () => r.headers.delete("a")]) assert_throws_js(TypeError, f);
    assert_throws_js(TypeError, () => r.headers.append("a b", "c"));
    assert_false(r.headers.has("a"));
    const copy = new Headers(r.headers);
    copy.append("a", "b");
    assert_equals(copy.get("a"), "b");
  }
  const made = new Response("", { headers: { a: "b" } });
  made.headers.set("a", "c");
  assert_equals(made.headers.get("a"), "c");
}, "headers that cannot be changed");

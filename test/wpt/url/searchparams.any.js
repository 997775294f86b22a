// URLSearchParams, by the URL standard.

// [query, pairs, how they are written].
for (const [query, pairs, text] of [
  ["", [], ""],
  ["?", [], ""],
  ["a", [["a", ""]], "a="],
  ["?a=b", [["a", "b"]], "a=b"],
  ["??a=b", [["?a", "b"]], "%3Fa=b"],
  ["a=b&c=d&a=e", [["a", "b"], ["c", "d"], ["a", "e"]], "a=b&c=d&a=e"],
  ["&&a=b&&", [["a", "b"]], "a=b"],
  ["=", [["", ""]], "="],
  ["=x", [["", "x"]], "=x"],
  ["a=b=c", [["a", "b=c"]], "a=b%3Dc"],
  ["a+b=c+d", [["a b", "c d"]], "a+b=c+d"],
  ["a%2Bb=%20", [["a+b", " "]], "a%2Bb=+"],
  ["a=%", [["a", "%"]], "a=%25"],
  ["a=%2", [["a", "%2"]], "a=%252"],
  ["a=%zz%41", [["a", "%zzA"]], "a=%25zzA"],
  ["a=%ff", [["a", "\ufffd"]], "a=%EF%BF%BD"],
  ["a=%f0%9f%98%80", [["a", "\ud83d\ude00"]], "a=%F0%9F%98%80"],
  ["a=%ef%bb%bfb", [["a", "\ufeffb"]], "a=%EF%BB%BFb"],
  ["a=%c3%28", [["a", "\ufffd("]], "a=%EF%BF%BD%28"],
  ["\u00fc=\ud800", [["\u00fc", "\ufffd"]], "%C3%BC=%EF%BF%BD"],
  ["a=\u0000%00", [["a", "\u0000\u0000"]], "a=%00%00"],
  ["a=*-._~!'()/?:@", [["a", "*-._~!'()/?:@"]], "a=*-._%7E%21%27%28%29%2F%3F%3A%40"],
  ["a;b=c", [["a;b", "c"]], "a%3Bb=c"],
  ["#=#", [["#", "#"]], "%23=%23"],
  ["a=\r\n", [["a", "\r\n"]], "a=%0D%0A"],
]) {
  test(() => {
    const p = new URLSearchParams(query);
    assert_equals(JSON.stringify([...p]), JSON.stringify(pairs));
    assert_equals(String(p), text);
    assert_equals(p.size, pairs.length);
    assert_equals(JSON.stringify([...new URLSearchParams(text)]), JSON.stringify(pairs), "it reads what it writes");
  }, `the query ${JSON.stringify(query)}`);
}

const twice = new URLSearchParams("a=1&b=2");
for (const [name, init, text] of [
  ["nothing", undefined, ""],
  ["null", null, "null="],
  ["a number", 5, "5="],
  ["an object", { a: 1, b: "2", c: undefined }, "a=1&b=2&c=undefined"],
  ["no members", {}, ""],
  ["pairs", [["a", "b"], ["c", 1]], "a=b&c=1"],
  ["no pairs", [], ""],
  ["another", twice, "a=1&b=2"],
  ["a Map", new Map([["a", "b"]]), "a=b"],
  ["Headers", new Headers({ b: "1", a: "2" }), "a=2&b=1"],
  ["a FormData", (() => { const f = new FormData(); f.append("a", "b"); return f; })(), "a=b"],
  ["pairs of any iterable", [new Set(["a", "b"])], "a=b"],
  ["an iterable function", Object.assign(() => {}, { [Symbol.iterator]: function* () { yield ["a", "b"]; } }), "a=b"],
  ["a function's members", Object.assign(() => {}, { a: "b" }), "a=b"],
  ["inherited members", Object.create({ a: 1 }), ""],
  ["a String", new String("a=b"), null],
  ["an iterator that is undefined", { [Symbol.iterator]: undefined }, null],
  ["names that become the same", { "\ud835x": "1", xx: "2", "\ud83dx": "3" }, "%EF%BF%BDx=3&xx=2"],
  ["a triple", [["a", "b", "c"]], null],
  ["a single", [["a"]], null],
  ["texts", ["ab"], null],
  ["numbers", [1], null],
  ["an iterator that is none", { [Symbol.iterator]: 1 }, null],
  ["a symbol", Symbol("x"), null],
  ["a symbol's member", { [Symbol("x")]: 1 }, null],
]) {
  test(() => {
    if (text === null) assert_throws_js(TypeError, () => new URLSearchParams(init));
    else assert_equals(String(new URLSearchParams(init)), text);
  }, `made from ${name}`);
}

test(() => {
  const copy = new URLSearchParams(twice);
  copy.append("c", "3");
  assert_equals(String(twice), "a=1&b=2");
  const odd = new URLSearchParams("a=1");
  odd[Symbol.iterator] = function* () { yield ["x", "y"]; };
  assert_equals(String(new URLSearchParams(odd)), "x=y");
}, "a copy is one of its own, by the iterator");

test(() => {
  const p = new URLSearchParams("a=1&b=2&a=3");
  assert_equals(p.get("a"), "1");
  assert_equals(p.get("A"), null);
  assert_array_equals(p.getAll("a"), ["1", "3"]);
  assert_array_equals(p.getAll("x"), []);
  assert_true(p.has("b"));
  assert_false(p.has("x"));
  assert_true(p.has("a", "3"));
  assert_false(p.has("a", "2"));
  assert_true(p.has("a", undefined));
  assert_false(p.has("a", null));
  p.append("n", null);
  p.append("u", undefined);
  assert_true(p.has("n", null));
  assert_equals(p.get("u"), "undefined");
  assert_equals(p.size, 5);
}, "get, getAll, has");

test(() => {
  const p = new URLSearchParams("a=1&b=2&a=3&c=4");
  p.set("a", "x");
  assert_equals(String(p), "a=x&b=2&c=4");
  p.set("new", "y");
  assert_equals(String(p), "a=x&b=2&c=4&new=y");
  p.delete("b");
  p.append("a", "z");
  assert_equals(String(p), "a=x&c=4&new=y&a=z");
  p.delete("a", "q");
  p.delete("a", "z");
  p.delete("c", undefined);
  assert_equals(String(p), "a=x&new=y");
  p.set("\ud800", "\udc00");
  assert_equals(p.get("\ufffd"), "\ufffd");
  assert_equals(p.get("\ud800"), "\ufffd");
  p.delete("\ud801");
  assert_equals(p.size, 2);
}, "set, append, delete");

for (const [query, want] of [
  ["z=b&a=b&z=a&a=a", "a=b&a=a&z=b&z=a"],
  ["\ufffd=x&\ufffc&\ufffd=a", "%EF%BF%BC=&%EF%BF%BD=x&%EF%BF%BD=a"],
  ["\ufb03&\ud83c\udf08", "%F0%9F%8C%88=&%EF%AC%83="], // By code units.
  ["\u00e9&e\ufffd&e\u0301", "e%CC%81=&e%EF%BF%BD=&%C3%A9="],
  ["a=2&b&a&a=1&=", "=&a=2&a=&a=1&b="],
  ["", ""],
]) {
  test(() => {
    const p = new URLSearchParams(query);
    p.sort();
    assert_equals(String(p), want);
    const u = new URL("http://h/?" + query);
    u.searchParams.sort();
    assert_equals(u.search, want === "" ? "" : "?" + want);
  }, `sorted: ${JSON.stringify(query)}`);
}

test(() => {
  const p = new URLSearchParams(Array.from({ length: 3000 }, (_, i) => [`k${(i * 7919) % 3000}`, i]));
  p.sort();
  const keys = [...p.keys()];
  assert_array_equals(keys, [...keys].sort());
}, "many are sorted");

test(() => {
  const u = new URL("http://h/p?a=1#f");
  const p = u.searchParams;
  p.append("b", "x y");
  assert_equals(u.href, "http://h/p?a=1&b=x+y#f");
  p.delete("a");
  assert_equals(u.search, "?b=x+y");
  p.delete("b");
  assert_equals(u.href, "http://h/p#f");
  u.search = "?c=%41";
  assert_equals(p.get("c"), "A");
  assert_equals(u.search, "?c=%41", "looking changes nothing");
  p.set("c", "B");
  assert_equals(u.search, "?c=B");
  u.search = "";
  assert_equals(p.size, 0);
  u.hash = "g";
  p.append("\u00fc", "~");
  assert_equals(u.href, "http://h/p?%C3%BC=%7E#g");
  u.pathname = "/q";
  assert_equals(p.get("\u00fc"), "~");
}, "the URL and its parameters follow each other");

test(() => {
  const u = new URL("data:space    ?a#b");
  u.searchParams.delete("a");
  assert_equals(u.href, "data:space   %20#b");
  const v = new URL("data:space    ?a");
  v.searchParams.delete("a");
  assert_equals(v.href, "data:space   %20");
}, "spaces at the end of an opaque path");

test(() => {
  const p = new URLSearchParams("a=1&b=2&c=3");
  const seen = [];
  for (const [k] of p) {
    seen.push(k);
    if (k === "a") p.delete("b");
    if (k === "c") p.append("d", "4");
    if (seen.length > 9) break;
  }
  assert_array_equals(seen, ["a", "c", "d"]);
  const u = new URL("http://h/?a=1&b=2");
  const names = [];
  for (const [k] of u.searchParams) {
    names.push(k);
    if (k === "a") u.search = "x=1&y=2&z=3";
  }
  assert_array_equals(names, ["a", "y", "z"]);
  const each = [];
  p.forEach((v, k, all) => {
    assert_equals(all, p);
    each.push(k + v);
    if (k === "a") p.delete("c");
  });
  assert_array_equals(each, ["a1", "d4"]);
  const self = {};
  p.forEach(function () {
    assert_equals(this, self);
  }, self);
}, "iteration sees changes");

test(() => {
  const p = new URLSearchParams("a=1");
  const it = p.entries();
  assert_equals(p[Symbol.iterator], p.entries);
  assert_equals(Object.prototype.toString.call(it), "[object URLSearchParams Iterator]");
  const proto = Object.getPrototypeOf(it);
  assert_equals(Object.getPrototypeOf(proto), Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
  const d = Object.getOwnPropertyDescriptor(proto, "next");
  assert_true(d.writable && d.enumerable && d.configurable);
  assert_throws_js(TypeError, () => d.value.call({}));
  assert_throws_js(TypeError, () => d.value.call(new Headers().entries()));
  assert_equals(it[Symbol.iterator](), it);
  assert_object_equals(it.next(), { value: ["a", "1"], done: false });
  assert_object_equals(it.next(), { value: undefined, done: true });
  assert_array_equals([...p.values()], ["1"]);
  assert_throws_js(TypeError, () => p.entries.call({}));
}, "the iterators");

test(() => {
  const p = new URLSearchParams();
  for (const [method, count] of Object.entries({ append: 2, delete: 1, get: 1, getAll: 1, has: 1, set: 2, forEach: 1 })) {
    assert_equals(URLSearchParams.prototype[method].length, count, method);
    assert_throws_js(TypeError, () => p[method](...["x"].slice(2 - count)), method);
    assert_throws_js(TypeError, () => URLSearchParams.prototype[method].call({}, "a", "b"), method);
  }
  assert_throws_js(TypeError, () => p.forEach("x"));
  assert_throws_js(TypeError, () => URLSearchParams());
  assert_equals(Object.prototype.toString.call(p), "[object URLSearchParams]");
  assert_equals(Object.keys(URLSearchParams.prototype).sort().join(), "append,delete,entries,forEach,get,getAll,has,keys,set,size,sort,toString,values");
}, "the shape of the class");

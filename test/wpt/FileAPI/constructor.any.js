// META: title=How Blob and File are made and cut, by the File API standard

const text = (b) => b.text();

for (const [name, parts, want] of [
  ["nothing", undefined, ""], ["no parts", [], ""], ["texts", ["a", "b"], "ab"], ["others", [1, null, undefined, true, {}, [1, 2], 10n], "1nullundefinedtrue[object Object]1,210"],
  ["bytes", [new Uint8Array([97, 98]), new Uint8Array([97, 98]).buffer, new DataView(new Uint8Array([97, 98]).buffer, 1)], "ababb"], ["wide views", [new Uint16Array([0x6261])], "ab"],
  ["a part of a buffer", [new Uint8Array([97, 98, 99]).subarray(1, 2)], "b"], ["blobs", [new Blob(["x"]), new File(["y"], "n")], "xy"], ["a String object", new String("xyz"), "xyz"],
  ["a typed array", new Uint8Array([1, 2]), "12"], ["a Set", new Set(["a", "b"]), "ab"], ["an iterable", { *[Symbol.iterator]() { yield "q"; } }, "q"], ["lone surrogates", ["\ud800"], "\ufffd"],
]) {
  promise_test(async () => {
    const b = new Blob(parts);
    assert_equals(await text(b), want);
    assert_equals(b.size, new TextEncoder().encode(want).length);
    assert_equals(b.type, "");
    if (parts !== undefined) assert_equals(await text(new File(parts, "n")), want);
  }, `made of ${name}`);
}

test(() => {
  for (const bad of [null, "x", 5, true, Symbol("x"), {}, /x/, new Date(), () => {}]) assert_throws_js(TypeError, () => new Blob(bad), typeof bad);
  for (const bad of [5, "x", true, Symbol("x")]) assert_throws_js(TypeError, () => new Blob([], bad));
  for (const good of [undefined, null, {}, [], () => {}, /x/]) new Blob([], good);
  assert_throws_js(TypeError, () => Blob());
  assert_throws_js(TypeError, () => File(["x"], "n"));
  assert_throws_js(TypeError, () => new File());
  assert_throws_js(TypeError, () => new File([]));
  assert_throws_js(TypeError, () => new File("x", "n"));
  for (const endings of ["x", "Native", "", null]) assert_throws_js(TypeError, () => new Blob([], { endings }), String(endings));
  const mine = new Error("mine");
  assert_throws_exactly(mine, () => new Blob([{ toString() { throw mine; } }]));
  assert_throws_exactly(mine, () => new Blob({ get [Symbol.iterator]() { throw mine; } }));
  const read = [];
  new Blob([{ toString() { read.push("part"); return ""; } }], { get type() { read.push("type"); }, get endings() { read.push("endings"); } });
  assert_array_equals(read, ["part", "endings", "type"]);
}, "what is refused, and the order of things");

for (const [type, want] of [["text/plain", "text/plain"], ["TEXT/X", "text/x"], ["a", "a"], ["te\u0009xt", ""], ["\u00e5", ""], ["a\u007f", ""], ["", ""], [undefined, ""], [null, "null"], [5, "5"], ["text/plain;charset=UTF-8", "text/plain;charset=utf-8"]]) {
  test(() => {
    assert_equals(new Blob([], { type }).type, want);
    assert_equals(new File([], "n", { type }).type, want);
    assert_equals(new Blob(["x"]).slice(0, 1, type).type, want);
  }, `the type ${JSON.stringify(type)}`);
}

promise_test(async () => {
  assert_equals(await text(new Blob(["a\r\nb\rc\nd"], { endings: "native" })), "a\nb\nc\nd");
  assert_equals(await text(new Blob(["a\r\nb\rc\nd"], { endings: "transparent" })), "a\r\nb\rc\nd");
  assert_equals(await text(new Blob([new TextEncoder().encode("a\r\n"), "\r"], { endings: "native" })), "a\r\n\n");
}, "line ends");

for (const [from, to, want] of [
  [undefined, undefined, "abcdef"], [0, 6, "abcdef"], [1, 3, "bc"], [-2, undefined, "ef"], [-4, -2, "cd"], [3, 1, ""], [10, 20, ""], [-20, 2, "ab"], [0, -20, ""], [1.9, 3.9, "bc"], [NaN, 2, "ab"], [null, 2, "ab"], ["1", "3", "bc"],
  [-Infinity, Infinity, "abcdef"], [0, undefined, "abcdef"], [2 ** 53, 2 ** 60, ""],
]) {
  promise_test(async () => {
    const b = new Blob(["abc", "def"], { type: "a/b" });
    const s = b.slice(from, to);
    assert_equals(await text(s), want);
    assert_equals(s.size, want.length);
    assert_equals(s.type, "");
    assert_false(new File(["abcdef"], "n").slice(from, to) instanceof File);
  }, `slice(${from}, ${to})`);
}

test(() => {
  const f = new File(["x"], "a/b:c\ud800", { lastModified: 5 });
  assert_equals(f.name, "a/b:c\ufffd");
  assert_equals(f.lastModified, 5);
  assert_equals(f.webkitRelativePath ?? "", "");
  const before = Date.now();
  const now = new File([], "n").lastModified;
  assert_between_inclusive(now, before, Date.now());
  for (const [v, want] of [[new Date(7), 7], ["8", 8], [null, 0], [-1, -1], [1.9, 1], [NaN, 0], [true, 1]]) assert_equals(new File([], "n", { lastModified: v }).lastModified, want, String(v));
  for (const [v, want] of [[undefined, "undefined"], [null, "null"], [5, "5"], [{}, "[object Object]"]]) assert_equals(new File([], v).name, want);
  assert_true(f instanceof Blob);
  assert_equals(Object.prototype.toString.call(f), "[object File]");
  assert_equals(Object.prototype.toString.call(new Blob()), "[object Blob]");
}, "files");

promise_test(async (t) => {
  const b = new Blob(["h\u00e9"]);
  assert_equals((await b.arrayBuffer()).byteLength, 3);
  const bytes = await b.bytes();
  assert_array_equals(bytes, [104, 0xc3, 0xa9]);
  bytes[0] = 0;
  assert_equals(await b.text(), "h\u00e9", "what is read is a copy");
  assert_equals(await new Blob(["\ufeffx"]).text(), "x");
  assert_equals(await new Blob([new Uint8Array([0xff])]).text(), "\ufffd");
  let got = 0;
  for await (const chunk of new Blob(["x".repeat(200_000)]).stream()) {
    assert_true(chunk instanceof Uint8Array);
    got += chunk.length;
  }
  assert_equals(got, 200_000);
  const byob = new Blob(["abc"]).stream().getReader({ mode: "byob" });
  assert_array_equals((await byob.read(new Uint8Array(2))).value, [97, 98]);
  await promise_rejects_js(t, TypeError, Blob.prototype.text.call({}));
  assert_throws_js(TypeError, () => Blob.prototype.slice.call({}));
  assert_throws_js(TypeError, () => Blob.prototype.stream.call({}));
}, "reading");

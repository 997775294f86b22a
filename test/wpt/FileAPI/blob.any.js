// META: title=Blob and File, by the File API
promise_test(async () => {
  const b = new Blob(["a€", new Uint8Array([65, 66]).subarray(1), new Uint8Array([67]).buffer, new Blob(["d"]), 5, null], { type: "Text/PLAIN" });
  assert_equals(await b.text(), "a€BCd5null");
  assert_equals(b.size, 12);
  assert_equals(b.type, "text/plain");
  assert_class_string(b, "Blob");
}, "parts");
test(() => {
  assert_equals(new Blob().size, 0);
  assert_equals(new Blob([], { type: "a\u00e9" }).type, "");
  assert_equals(new Blob(new Set(["ab"])).size, 2);
  for (const bad of ["x", 1, null, {}]) assert_throws_js(TypeError, () => new Blob(bad));
  assert_throws_js(TypeError, () => new Blob([], { endings: "x" }));
  assert_throws_js(TypeError, () => Blob());
}, "arguments");
promise_test(async () => {
  const b = new Blob(["0123456789"], { type: "x/y" });
  for (const [args, want] of [[[], "0123456789"], [[2], "23456789"], [[-3], "789"], [[1, 3], "12"], [[3, 1], ""], [[1, -2], "1234567"], [[0, 99], "0123456789"], [[NaN, 2.9], "01"]]) assert_equals(await b.slice(...args).text(), want, String(args));
  assert_equals(b.slice().type, "");
  assert_equals(b.slice(0, 1, "A/B").type, "a/b");
}, "slice");
promise_test(async () => {
  const source = new Uint8Array([1, 2]);
  const b = new Blob([source]);
  source[0] = 9;
  (await b.bytes())[0] = 8;
  new Uint8Array(await b.arrayBuffer())[0] = 7;
  assert_array_equals(await b.bytes(), [1, 2]);
}, "a blob never changes");
promise_test(async () => {
  const b = new Blob([new Uint8Array(200000).fill(7)]);
  let n = 0;
  for await (const c of b.stream()) n += c.length;
  assert_equals(n, 200000);
  const r = b.stream().getReader({ mode: "byob" });
  assert_equals((await r.read(new Uint8Array(10))).value.length, 10);
  assert_true((await new Blob().stream().getReader().read()).done);
  assert_true((await new Blob().stream().getReader({ mode: "byob" }).read(new Uint8Array(1))).done);
}, "stream");
promise_test(async () => {
  assert_equals(await new Blob(["a\r\nb\nc\r"], { endings: "native" }).text(), "a\nb\nc\n");
  assert_equals(await new Blob(["\ufeffx"]).text(), "x");
}, "line ends and marks");
promise_test(async () => {
  const f = new File(["x"], "n\ud800.txt", { type: "a/b", lastModified: 5.7 });
  assert_equals(f.name, "n\ufffd.txt");
  assert_equals(f.lastModified, 5);
  assert_true(f instanceof Blob);
  assert_class_string(f, "File");
  assert_less_than(Math.abs(new File([], "x").lastModified - Date.now()), 2000);
  assert_throws_js(TypeError, () => new File());
  assert_throws_js(TypeError, () => new File([]));
  const c = structuredClone({ f, b: new Blob(["y"], { type: "t/u" }) });
  assert_true(c.f instanceof File);
  assert_equals(c.f.name + c.f.type + c.f.lastModified + (await c.f.text()), "n\ufffd.txta/b5x");
  assert_equals(c.b.type + (await c.b.text()), "t/uy");
}, "File, and clones");

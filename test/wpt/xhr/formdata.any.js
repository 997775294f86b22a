// META: title=FormData, by the XMLHttpRequest standard
test(() => {
  const f = new FormData();
  f.append("a", "1");
  f.append("b", 2);
  f.append("a", "3");
  assert_equals(JSON.stringify([...f]), '[["a","1"],["b","2"],["a","3"]]');
  assert_equals(f.get("a"), "1");
  assert_array_equals(f.getAll("a"), ["1", "3"]);
  assert_equals(f.get("z"), null);
  f.set("a", "x");
  assert_equals([...f.keys()].join(), "a,b");
  f.delete("b");
  assert_false(f.has("b"));
  const seen = [];
  f.forEach((v, k, all) => seen.push(k + v + (all === f)));
  assert_array_equals(seen, ["axtrue"]);
  assert_class_string(f, "FormData");
}, "entries");
test(() => {
  const f = new FormData();
  const file = new File(["x"], "n.txt", { lastModified: 3 });
  f.append("f", file);
  f.append("b", new Blob(["y"]));
  f.append("c", file, "other");
  assert_equals(f.get("f"), file);
  assert_equals(f.get("b").name, "blob");
  assert_equals(f.get("c").name, "other");
  assert_equals(f.get("c").lastModified, 3);
  assert_throws_js(TypeError, () => f.append("x", "text", "name"));
  assert_throws_js(TypeError, () => f.append("x"));
  assert_throws_js(TypeError, () => new FormData({}));
}, "files");
promise_test(async () => {
  const f = new FormData();
  f.append('q"\n', "a\nb\r\nc");
  f.append("file", new File([new Uint8Array([13, 10, 45, 45, 0])], 'n".bin', { type: "x/y" }));
  const r = new Response(f);
  const type = r.headers.get("content-type");
  assert_true(type.startsWith("multipart/form-data; boundary="));
  const text = await r.clone().text();
  assert_true(text.includes('name="q%22%0D%0A"\r\n\r\na\r\nb\r\nc\r\n'), text);
  const back = await r.formData();
  assert_equals(back.get('q"\r\n'), "a\r\nb\r\nc");
  assert_equals(back.get("file").name, 'n".bin');
  assert_equals(back.get("file").type, "x/y");
  assert_array_equals(await back.get("file").bytes(), [13, 10, 45, 45, 0]);
}, "as a body and back");
promise_test(async (t) => {
  const back = await new Response("?a=b&c=d+e", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData();
  assert_equals(JSON.stringify([...back]), '[["?a","b"],["c","d e"]]');
  for (const [body, type] of [["x", "text/plain"], ["x", "multipart/form-data; boundary=b"], ["--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", "multipart/form-data; boundary=b"], ["", "multipart/form-data"]]) {
    await promise_rejects_js(t, TypeError, new Response(body, { headers: { "content-type": type } }).formData());
  }
}, "other bodies as forms");

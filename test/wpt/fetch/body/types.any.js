// The type of a body, by the Fetch standard's "extract a MIME type".
const kinds = {
  Request: (body, headers) => new Request("https://h/", { method: "POST", body, headers }),
  Response: (body, headers) => new Response(body, { headers }),
};
for (const [kind, make] of Object.entries(kinds)) {
  for (const [values, type] of [
    [["text/plain", "text/html"], "text/html"],
    [["text/plain;charset=gbk", "text/plain"], "text/plain;charset=gbk"],
    [["text/plain;charset=gbk", "text/html"], "text/html"],
    [["text/html;charset=gbk", "text/plain", "text/html"], "text/html"],
    [["text/plain;charset=gbk;a=b", "text/plain;x=y"], "text/plain;x=y;charset=gbk"],
    [["text/plain;charset=\"a b\"", "text/plain"], "text/plain;charset=\"a b\""],
    [["text/html", "*/*"], "text/html"],
    [["text/html", "none"], "text/html"],
    [["text/html;x=\"a,b\""], "text/html;x=\"a,b\""],
    [["text/html;x=\"a\\\",b\"", "text/plain"], "text/plain"],
    [["*/*"], ""],
    [["none"], ""],
    [[","], ""],
    [["", "text/x"], "text/x"],
    [["text/x", ""], "text/x"],
  ]) {
    promise_test(async () => {
      const body = make("x", values.map((v) => ["content-type", v]));
      assert_equals((await body.blob()).type, type);
    }, `${kind}: the type of ${JSON.stringify(values)}`);
  }
  promise_test(async () => {
    const body = make("a=1", [["content-type", "text/plain"], ["content-type", "application/x-www-form-urlencoded"]]);
    assert_equals((await body.formData()).get("a"), "1");
  }, `${kind}: a form's type is the last one`);
  promise_test(async () => {
    assert_equals(await make("\ufeffabc").text(), "abc");
    assert_equals(await make("\ufeff\ufeffabc").text(), "\ufeffabc");
    assert_equals((await make('\ufeff{"a":1}').json()).a, 1);
    assert_equals((await make("\ufeffa").bytes()).length, 4);
    assert_equals(await make(new Uint8Array([0xef, 0xbb, 0xbf, 65])).text(), "A");
  }, `${kind}: text and JSON begin behind a byte order mark`);
}

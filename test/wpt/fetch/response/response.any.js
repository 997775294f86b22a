// Response, by the Fetch standard.

test(() => {
  const r = new Response();
  assert_equals(r.status, 200);
  assert_equals(r.statusText, "");
  assert_true(r.ok);
  assert_equals(r.type, "default");
  assert_equals(r.url, "");
  assert_false(r.redirected);
  assert_equals(r.body, null);
  assert_false(r.bodyUsed);
  assert_equals([...r.headers].length, 0);
  assert_equals(r.headers, r.headers);
  for (const init of [undefined, null, {}, () => {}]) assert_equals(new Response(null, init).status, 200);
  for (const init of [5, "x", true, Symbol("x")]) assert_throws_js(TypeError, () => new Response(null, init));
  assert_throws_js(TypeError, () => Response());
}, "without anything");

for (const status of [200, 201, 204, 299, 300, 404, 599, "201", 200.9]) {
  test(() => {
    const r = new Response(null, { status });
    assert_equals(r.status, Math.trunc(Number(status)));
    assert_equals(r.ok, r.status < 300);
  }, `the status ${status}`);
}
for (const status of [0, 99, 100, 101, 199, 600, 1000, -1, NaN, null, "x", 65736]) {
  test(() => {
    if (status === 65736) assert_equals(new Response(null, { status }).status, 200); // Of sixteen bits.
    else assert_throws_js(RangeError, () => new Response(null, { status }));
  }, `the status ${status} is none`);
}
for (const status of [204, 205, 304]) {
  test(() => {
    for (const body of ["", "x", new Blob([]), new Uint8Array(0), new ReadableStream()]) assert_throws_js(TypeError, () => new Response(body, { status }));
    assert_equals(new Response(null, { status }).body, null);
    assert_equals(new Response(undefined, { status }).body, null);
  }, `${status} has no body`);
}
for (const [text, good] of [["OK", true], ["", true], ["a\tb", true], ["\u00ff", true], [5, true], ["a\nb", false], ["\u0000", false], ["\u007f", false], ["\u0100", false], ["\r", false]]) {
  test(() => {
    if (good) assert_equals(new Response(null, { statusText: text }).statusText, String(text));
    else assert_throws_js(TypeError, () => new Response(null, { statusText: text }));
  }, `the status text ${JSON.stringify(text)}`);
}

for (const [name, body, type] of [
  ["a text", "x", "text/plain;charset=UTF-8"],
  ["a number", 5, "text/plain;charset=UTF-8"],
  ["an object", { toString: () => "x" }, null],
  ["parameters", new URLSearchParams("a=b"), "application/x-www-form-urlencoded;charset=UTF-8"],
  ["a Blob", new Blob(["x"], { type: "Text/X" }), "text/x"],
  ["a Blob without a type", new Blob(["x"]), null],
  ["bytes", new Uint8Array(1), null],
  ["a buffer", new ArrayBuffer(1), null],
  ["a stream", new ReadableStream(), null],
]) {
  if (name === "an object") continue; // A text in the standard; refused here, see docs/fetch.md.
  test(() => {
    assert_equals(new Response(body).headers.get("content-type"), type);
    if (name === "a stream") return;
    assert_equals(new Response(body, { headers: { "Content-Type": "a/b" } }).headers.get("content-type"), "a/b");
  }, `the type of ${name}`);
}

test(() => {
  const r = Response.error();
  assert_equals(r.type, "error");
  assert_equals(r.status, 0);
  assert_equals(r.statusText, "");
  assert_false(r.ok);
  assert_equals(r.body, null);
  assert_equals(r.clone().type, "error");
  assert_throws_js(TypeError, () => r.clone().headers.set("a", "b"));
}, "Response.error");

for (const status of [undefined, 301, 302, 303, 307, 308]) {
  test(() => {
    const r = status === undefined ? Response.redirect("https://h/a b") : Response.redirect("https://h/a b", status);
    assert_equals(r.status, status ?? 302);
    assert_equals(r.headers.get("location"), "https://h/a%20b");
    assert_equals(r.type, "default");
    assert_false(r.redirected);
    assert_equals(r.body, null);
  }, `Response.redirect with ${status}`);
}
test(() => {
  for (const status of [0, 200, 300, 304, 309, 400, null]) assert_throws_js(RangeError, () => Response.redirect("https://h/", status), String(status));
  for (const url of ["http://:", "http://[", "https://h:99999"]) assert_throws_js(TypeError, () => Response.redirect(url));
  assert_throws_js(TypeError, () => Response.redirect());
  assert_throws_js(TypeError, () => Response.redirect("http://[", 200), "the address comes first");
}, "what Response.redirect refuses");

promise_test(async () => {
  const r = Response.json({ a: [1, null] }, { status: 201, statusText: "Made", headers: { x: "y" } });
  assert_equals(r.status, 201);
  assert_equals(r.statusText, "Made");
  assert_equals(r.headers.get("content-type"), "application/json");
  assert_equals(r.headers.get("x"), "y");
  assert_equals(await r.clone().text(), '{"a":[1,null]}');
  assert_object_equals(await r.json(), { a: [1, null] });
  assert_equals(Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type"), "a/b");
  assert_equals(await Response.json("\ud800").text(), '"\\ud800"');
  assert_equals(await Response.json(null).text(), "null");
  for (const bad of [undefined, Symbol("x"), () => {}]) assert_throws_js(TypeError, () => Response.json(bad));
  const loop = {};
  loop.loop = loop;
  assert_throws_js(TypeError, () => Response.json(loop));
  const mine = new Error("mine");
  assert_throws_exactly(mine, () => Response.json({ get a() { throw mine; } }));
  assert_throws_js(TypeError, () => Response.json({}, { status: 204 }));
  assert_throws_js(RangeError, () => Response.json({}, { status: 100 }));
  assert_throws_js(TypeError, () => Response.json());
  assert_true(Response.json(1).headers.set("a", "b") === undefined);
}, "Response.json");

promise_test(async (t) => {
  const r = new Response("abc", { status: 404, statusText: "No", headers: { a: "b" } });
  const c = r.clone();
  assert_not_equals(c.headers, r.headers);
  assert_equals(c.status, 404);
  assert_equals(c.statusText, "No");
  assert_equals(c.headers.get("a"), "b");
  c.headers.set("a", "c");
  assert_equals(r.headers.get("a"), "b");
  assert_equals(await c.text(), "abc");
  assert_equals(await r.text(), "abc");
  assert_throws_js(TypeError, () => r.clone(), "it was read");
  const locked = new Response("x");
  locked.body.getReader();
  assert_throws_js(TypeError, () => locked.clone(), "it is locked");
  const streamed = new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([1, 2])); c.close(); } }));
  const twin = streamed.clone();
  const [one, two] = await Promise.all([streamed.bytes(), twin.bytes()]);
  assert_array_equals(one, [1, 2]);
  assert_array_equals(two, [1, 2]);
  assert_not_equals(one.buffer, two.buffer);
  const failing = new Response(new ReadableStream({ pull(c) { c.error(mine); } }));
  const mine = new Error("mine");
  const other = failing.clone();
  await promise_rejects_exactly(t, mine, failing.text());
  await promise_rejects_exactly(t, mine, other.text());
}, "clone");

test(() => {
  for (const k of ["type", "url", "redirected", "status", "ok", "statusText", "headers", "body", "bodyUsed"]) {
    const r = new Response("x");
    const before = r[k];
    assert_true(k in Response.prototype, k);
    try {
      r[k] = 5;
    } catch {}
    assert_equals(r[k], before, k);
  }
  assert_equals(Object.prototype.toString.call(new Response()), "[object Response]");
  assert_equals(Response.length, 0);
  for (const k of ["error", "json", "redirect"]) assert_true(Object.hasOwn(Response, k));
}, "the shape of the class");

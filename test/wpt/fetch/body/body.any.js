// META: title=Bodies of Request and Response, by the Fetch standard
const chunks = (...v) => new ReadableStream({ start(c) { v.forEach((x) => c.enqueue(x)); c.close(); } });
const utf8 = (s) => new TextEncoder().encode(s);
promise_test(async () => {
  const r = new Response("héllo");
  assert_true(r.body instanceof ReadableStream);
  assert_equals(r.body, r.body);
  assert_false(r.bodyUsed);
  assert_equals(await r.text(), "héllo");
  assert_true(r.bodyUsed);
  assert_equals(new Response().body, null);
  assert_equals(new Request("http://a.b").body, null);
  assert_equals(await new Response().text(), "");
  const e = new Response();
  await e.text();
  assert_false(e.bodyUsed);
}, "body is a stream, or null");
promise_test(async (t) => {
  const r = new Response(chunks(utf8("a"), utf8("é")));
  assert_equals(r.headers.get("content-type"), null);
  assert_equals(await r.text(), "aé");
  await promise_rejects_js(t, TypeError, r.text());
  await promise_rejects_js(t, TypeError, new Response(chunks("text")).text());
  const bad = new Response(new ReadableStream({ start(c) { c.error("e"); } }));
  await promise_rejects_exactly(t, "e", bad.bytes());
}, "a stream as a body");
promise_test(async (t) => {
  const r = new Response("x");
  const reader = r.body.getReader();
  await promise_rejects_js(t, TypeError, r.text());
  assert_throws_js(TypeError, () => r.clone());
  await reader.read();
  assert_true(r.bodyUsed);
  reader.releaseLock();
  await promise_rejects_js(t, TypeError, r.text());
  const locked = chunks();
  locked.getReader();
  assert_throws_js(TypeError, () => new Response(locked));
}, "a stream that somebody reads");
promise_test(async () => {
  const r = new Response(chunks(utf8("ab"), utf8("c")));
  const c = r.clone();
  assert_equals(await c.text(), "abc");
  assert_equals(await r.text(), "abc");
  const w = new Response("whole");
  void w.body;
  assert_equals((await w.clone().text()) + (await w.text()), "wholewhole");
}, "clone");
promise_test(async () => {
  const r = new Response(new Blob(["x"], { type: "a/b" }));
  assert_equals(r.headers.get("content-type"), "a/b");
  const b = await r.blob();
  assert_equals(b.type + (await b.text()), "a/bx");
  assert_equals(JSON.stringify(await new Response(chunks(utf8('{"a":1}'))).json()), '{"a":1}');
  assert_equals((await new Response(chunks(utf8("xyz"))).arrayBuffer()).byteLength, 3);
}, "blob, json, arrayBuffer");
promise_test(async () => {
  assert_throws_js(TypeError, () => new Request("http://a.b", { method: "POST", body: chunks() }));
  assert_throws_js(TypeError, () => new Request("http://a.b", { method: "POST", body: "x", duplex: "full" }));
  assert_throws_js(TypeError, () => new Request("http://a.b", { body: "x" }));
  const q = new Request("http://a.b", { method: "POST", body: chunks(utf8("q")), duplex: "half" });
  const next = new Request(q, { headers: { a: "b" } });
  assert_true(q.bodyUsed || q.body.locked);
  assert_equals(await next.text(), "q");
  const whole = new Request("http://a.b", { method: "POST", body: "w" });
  assert_equals(await new Request(whole).text(), "w");
  assert_true(whole.bodyUsed);
}, "Request");
promise_test(async () => {
  const r = new Response("compressed ".repeat(100)).body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream());
  let out = "";
  for await (const t of r) out += t;
  assert_equals(out.length, 1100);
}, "through a chain of streams");
test(() => {
  const c = new AbortController();
  const q = new Request("http://a.b", { signal: c.signal });
  assert_true(q.signal instanceof AbortSignal);
  assert_not_equals(q.signal, c.signal);
  c.abort("x");
  assert_equals(q.signal.reason, "x");
  assert_false(new Request("http://a.b").signal.aborted);
}, "a request has a signal of its own");

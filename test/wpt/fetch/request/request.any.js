// Request, by the Fetch standard.

const at = "https://h/p?q#f";

test(() => {
  const r = new Request(at);
  assert_equals(r.url, at);
  assert_equals(r.method, "GET");
  assert_equals(r.redirect, "follow");
  assert_equals([...r.headers].length, 0);
  assert_equals(r.body, null);
  assert_false(r.bodyUsed);
  assert_true(r.signal instanceof AbortSignal);
  assert_false(r.signal.aborted);
  assert_equals(new Request(new URL(at)).url, at);
  assert_equals(new Request({ toString: () => at }).url, at);
  assert_equals(new Request(at, undefined).url, at);
  assert_equals(new Request(at, null).url, at);
  assert_equals(new Request("HTTPS://H:443/a/../b").url, "https://h/b");
  for (const init of [5, "x", true]) assert_throws_js(TypeError, () => new Request(at, init), String(init));
  assert_throws_js(TypeError, () => new Request());
  assert_throws_js(TypeError, () => Request(at));
  for (const url of ["http://:x", "https://u@h/", "https://:p@h/", "https://u:p@h/"]) assert_throws_js(TypeError, () => new Request(url), url);
}, "the address");

for (const [method, want] of [
  ["get", "GET"], ["Post", "POST"], ["pUt", "PUT"], ["delete", "DELETE"], ["head", "HEAD"], ["options", "OPTIONS"], ["patch", "patch"], ["PATCH", "PATCH"], ["Foo", "Foo"], ["chicken", "chicken"],
  ["CONNECT", null], ["connect", null], ["TRACE", null], ["trace", null], ["TRACK", null], ["Track", null], ["", null], ["a b", null], ["a\n", null], ["GET\u0000", null], ["\u00fc", null], ["a:b", null], [Symbol("x"), null],
]) {
  test(() => {
    if (want === null) assert_throws_js(TypeError, () => new Request(at, { method }));
    else assert_equals(new Request(at, { method }).method, want);
  }, `the method ${String(method)}`);
}

for (const [name, init, good] of [
  ["redirect error", { redirect: "error" }, true], ["redirect manual", { redirect: "manual" }, true], ["redirect x", { redirect: "x" }, false], ["redirect Follow", { redirect: "Follow" }, false],
  ["signal null", { signal: null }, true], ["signal undefined", { signal: undefined }, true], ["signal {}", { signal: {} }, false], ["signal 5", { signal: 5 }, false],
  ["headers null", { headers: null }, false], ["headers 5", { headers: 5 }, false], ["a bad header", { headers: { "a b": "c" } }, false],
  ["a body for GET", { body: "x" }, false], ["a body for HEAD", { method: "HEAD", body: "x" }, false], ["an empty body for GET", { body: "" }, false], ["no body for GET", { body: null }, true],
  ["a stream without duplex", { method: "POST", body: new ReadableStream() }, false], ["a stream with duplex", { method: "POST", body: new ReadableStream(), duplex: "half" }, true],
  ["duplex full", { method: "POST", body: "x", duplex: "full" }, false], ["duplex without a body", { duplex: "half" }, true],
]) {
  test(() => {
    if (good) new Request(at, init);
    else assert_throws_js(TypeError, () => new Request(at, init));
  }, name);
}

promise_test(async (t) => {
  const a = new Request(at, { method: "POST", body: "x", headers: { a: "b" }, redirect: "manual" });
  const b = new Request(a);
  assert_true(a.bodyUsed);
  assert_false(b.bodyUsed);
  assert_equals(b.method, "POST");
  assert_equals(b.redirect, "manual");
  assert_equals(b.headers.get("a"), "b");
  assert_not_equals(b.headers, a.headers);
  assert_equals(b.headers.get("content-type"), "text/plain;charset=UTF-8");
  assert_throws_js(TypeError, () => new Request(a), "its body is gone");
  const c = new Request(b, { method: "PUT", body: "y", headers: { c: "d" } });
  assert_equals(c.method, "PUT");
  assert_false(c.headers.has("a"));
  assert_equals(await c.text(), "y");
  assert_false(b.bodyUsed, "its body was not needed");
  assert_equals(await b.text(), "x");
  assert_throws_js(TypeError, () => new Request(b));
  new Request(b, { body: "z" });
  assert_throws_js(TypeError, () => new Request(new Request(at, { method: "POST", body: "x" }), { method: "GET" }));
  assert_equals(await new Request(new Request(at, { method: "POST", body: "x" }), { body: null }).text(), "x");
}, "a request from a request");

promise_test(async () => {
  const c = new AbortController();
  const r = new Request(at, { signal: c.signal });
  assert_not_equals(r.signal, c.signal);
  const second = new Request(r);
  const copy = r.clone();
  const none = new Request(r, { signal: null });
  c.abort("why");
  for (const one of [r, second, copy]) {
    assert_true(one.signal.aborted);
    assert_equals(one.signal.reason, "why");
  }
  assert_false(none.signal.aborted);
  assert_true(new Request(at, { signal: AbortSignal.abort("x") }).signal.aborted);
}, "the signal");

promise_test(async () => {
  const r = new Request(at, { method: "POST", body: "abc", headers: { a: "b" } });
  const c = r.clone();
  c.headers.set("a", "c");
  assert_equals(r.headers.get("a"), "b");
  assert_equals(c.method, "POST");
  assert_equals(c.url, at);
  assert_equals(await c.text(), "abc");
  assert_false(r.bodyUsed);
  assert_equals(await r.text(), "abc");
  assert_throws_js(TypeError, () => r.clone());
  const locked = new Request(at, { method: "POST", body: "abc" });
  locked.body.getReader();
  assert_throws_js(TypeError, () => locked.clone());
}, "clone");

promise_test(async (t) => {
  for (const url of ["http://[", "https://u:p@h/"]) await promise_rejects_js(t, TypeError, fetch(url));
  await promise_rejects_js(t, TypeError, fetch());
  await promise_rejects_js(t, TypeError, fetch(at, { method: "TRACE" }));
  await promise_rejects_exactly(t, "why", fetch(at, { signal: AbortSignal.abort("why") }));
  await promise_rejects_dom(t, "AbortError", fetch(at, { signal: AbortSignal.abort() }));
  const used = new Request(at, { method: "POST", body: "x" });
  await used.text();
  await promise_rejects_js(t, TypeError, fetch(used));
}, "what fetch refuses at once");

test(() => {
  for (const k of ["url", "method", "headers", "redirect", "signal", "body", "bodyUsed"]) {
    const r = new Request(at);
    const before = r[k];
    assert_true(k in Request.prototype, k);
    try {
      r[k] = 5;
    } catch {}
    assert_equals(r[k], before, k);
  }
  assert_equals(Object.prototype.toString.call(new Request(at)), "[object Request]");
}, "the shape of the class");

test(() => {
  assert_throws_js(TypeError, () => new Request("https://h/", { priority: "now" }));
  for (const priority of ["auto", "high", "low"]) new Request("https://h/", { priority });
  assert_throws_js(TypeError, () => new Request("https://h/", { mode: "no-cors", method: "PUT" }));
  const put = new Request("https://h/", { method: "PUT" });
  assert_throws_js(TypeError, () => new Request(put, { mode: "no-cors" }));
  assert_equals(new Request("https://h/", { mode: "no-cors", method: "POST" }).mode, "no-cors");
}, "priority, and methods without cors");
promise_test(async () => {
  assert_equals((await fetch("data:,x")).type, "basic");
  const url = URL.createObjectURL(new Blob(["x"]));
  assert_equals((await fetch(url)).clone().type, "basic");
  URL.revokeObjectURL(url);
}, "what was fetched is basic");

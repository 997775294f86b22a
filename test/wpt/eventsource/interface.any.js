// META: title=EventSource, by the HTML standard
test(() => {
  for (const [name, value] of Object.entries({ CONNECTING: 0, OPEN: 1, CLOSED: 2 })) {
    for (const o of [EventSource, EventSource.prototype]) {
      const d = Object.getOwnPropertyDescriptor(o, name);
      assert_equals(d.value, value, name);
      assert_true(d.enumerable && !d.writable && !d.configurable, name);
    }
  }
  assert_equals(EventSource.length, 1);
  assert_equals(Object.getPrototypeOf(EventSource), EventTarget);
  assert_throws_js(TypeError, () => EventSource("http://example.com/"));
  assert_throws_js(TypeError, () => new EventSource());
  for (const name of ["url", "withCredentials", "readyState"]) {
    const d = Object.getOwnPropertyDescriptor(EventSource.prototype, name);
    assert_true(d.enumerable && d.set === undefined, name);
    assert_throws_js(TypeError, () => d.get.call({}), name);
  }
}, "the shape");

test(() => {
  for (const url of ["", "/relative", "http://", "http://a b/"]) assert_throws_dom("SyntaxError", () => new EventSource(url), url);
}, "what is no URL");

test(() => {
  const es = new EventSource("HTTP://EXAMPLE.com/a#b");
  assert_equals(es.url, "http://example.com/a#b");
  assert_equals(es.readyState, 0);
  assert_false(es.withCredentials);
  for (const name of ["onopen", "onmessage", "onerror"]) assert_equals(es[name], null);
  assert_class_string(es, "EventSource");
  es.close();
  assert_equals(es.readyState, 2);
  es.close();
  for (const [options, want] of [[{ withCredentials: true }, true], [{ withCredentials: 1 }, true], [{}, false], [undefined, false], [null, false]]) {
    const other = new EventSource("http://example.com/", options);
    assert_equals(other.withCredentials, want);
    other.close();
  }
}, "a new one, and close");

promise_test(async () => {
  // There is no network here: it is tried again, and the state says so.
  const es = new EventSource("http://example.com/");
  const e = await new Promise((resolve) => (es.onerror = resolve));
  assert_equals(es.readyState, EventSource.CONNECTING);
  assert_true(e.isTrusted && !e.bubbles && !e.cancelable);
  es.close();
  assert_equals(es.readyState, EventSource.CLOSED);
}, "an error that may pass");

promise_test(async () => {
  const all = Array.from({ length: 9 }, () => new EventSource("http://example.com/"));
  await Promise.all(all.map((es) => new Promise((resolve) => (es.onerror = resolve))));
  assert_equals(all.filter((es) => es.readyState === EventSource.CLOSED).length > 0, true);
  for (const es of all) es.close();
}, "more than may be open");

promise_test(async () => {
  const es = new EventSource("data:text/event-stream,retry:60000%0Aid:7%0Adata:a%0A%0Aevent:x%0Adata:b%0A%0A");
  const got = [];
  es.onmessage = (e) => got.push(`${e.type} ${e.data} ${e.lastEventId} ${e.isTrusted}`);
  es.addEventListener("x", (e) => got.push(`${e.type} ${e.data} ${e.lastEventId} ${e instanceof MessageEvent}`));
  await new Promise((resolve) => (es.onerror = resolve));
  assert_array_equals(got, ["message a 7 true", "x b 7 true"]);
  assert_equals(es.readyState, EventSource.CONNECTING);
  es.close();
}, "a stream in a data: URL");

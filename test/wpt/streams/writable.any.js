// META: title=WritableStream, by the Streams standard
const tick = () => new Promise((r) => setTimeout(r, 1));
promise_test(async () => {
  const calls = [];
  const sink = {
    start(c) { calls.push("start"); assert_equals(this, sink); assert_false(c.signal.aborted); },
    write(v, c) { calls.push(v); assert_equals(this, sink); },
    close() { calls.push("close"); assert_equals(this, sink); },
  };
  const w = new WritableStream(sink).getWriter();
  await w.ready;
  w.write("a");
  const p = w.write("b");
  assert_equals(await p, undefined);
  await w.close();
  await w.closed;
  assert_array_equals(calls, ["start", "a", "b", "close"]);
}, "start, write, close");
promise_test(async () => {
  const got = [];
  let go;
  const s = new WritableStream({ write(v) { got.push(v); return new Promise((r) => (go = r)); } }, { highWaterMark: 2 });
  const w = s.getWriter();
  await tick();
  assert_equals(w.desiredSize, 2);
  w.write(1);
  w.write(2);
  assert_equals(w.desiredSize, 0);
  let ready = false;
  w.ready.then(() => (ready = true));
  await tick();
  assert_false(ready);
  assert_array_equals(got, [1]);
  go();
  await w.ready;
  assert_equals(w.desiredSize, 1);
}, "back-pressure, one write at a time");
promise_test(async (t) => {
  const w = new WritableStream({ write() { throw "w"; } }).getWriter();
  await promise_rejects_exactly(t, "w", w.write(1));
  await promise_rejects_exactly(t, "w", w.write(2));
  await promise_rejects_exactly(t, "w", w.closed);
  await promise_rejects_exactly(t, "w", w.ready);
  await promise_rejects_js(t, TypeError, w.close());
  assert_equals(w.desiredSize, null);
}, "a write that fails");
promise_test(async (t) => {
  let reason, signal;
  const s = new WritableStream({ start(c) { signal = c.signal; }, write() { return new Promise(() => {}); }, abort(r) { reason = r; } });
  const w = s.getWriter();
  await tick();
  await w.abort("now");
  assert_equals(reason, "now");
  assert_true(signal.aborted);
  assert_equals(signal.reason, "now");
  await promise_rejects_exactly(t, "now", w.write(1));
  await promise_rejects_exactly(t, "now", w.closed);
}, "abort");
promise_test(async (t) => {
  let c;
  const s = new WritableStream({ start(x) { c = x; } });
  const w = s.getWriter();
  c.error("e");
  await promise_rejects_exactly(t, "e", w.closed);
  await promise_rejects_exactly(t, "e", w.write());
}, "the controller's error");
promise_test(async (t) => {
  const s = new WritableStream();
  assert_false(s.locked);
  const w = s.getWriter();
  assert_true(s.locked);
  assert_throws_js(TypeError, () => s.getWriter());
  await promise_rejects_js(t, TypeError, s.close());
  await promise_rejects_js(t, TypeError, s.abort());
  w.releaseLock();
  await promise_rejects_js(t, TypeError, w.write(1));
  await promise_rejects_js(t, TypeError, w.closed);
  assert_throws_js(TypeError, () => w.desiredSize);
  await s.close();
  await promise_rejects_js(t, TypeError, s.close());
}, "locks");
promise_test(async (t) => {
  const w = new WritableStream({}, { size() { throw "size"; } }).getWriter();
  await promise_rejects_exactly(t, "size", w.write(1));
  const x = new WritableStream({}, { size: () => NaN }).getWriter();
  await promise_rejects_js(t, RangeError, x.write(1));
}, "sizes that are none");
test(() => {
  assert_throws_js(TypeError, () => new WritableStream(null));
  assert_throws_js(RangeError, () => new WritableStream({ type: "bytes" }));
  assert_throws_js(TypeError, () => new WritableStream({ write: 1 }));
  assert_throws_js(TypeError, () => new WritableStreamDefaultWriter({}));
  assert_throws_js(TypeError, () => new WritableStreamDefaultController());
  assert_throws_exactly("s", () => new WritableStream({ start() { throw "s"; } }));
}, "what is refused");
promise_test(async (t) => {
  const w = new WritableStream({ start: () => Promise.reject("late") }).getWriter();
  await promise_rejects_exactly(t, "late", w.closed);
  await promise_rejects_exactly(t, "c", new WritableStream({ close() { throw "c"; } }).close());
  await promise_rejects_exactly(t, "a", new WritableStream({ abort() { throw "a"; } }).abort());
}, "rejections of start, close and abort");

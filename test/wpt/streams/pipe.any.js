// META: title=pipeTo, pipeThrough and TransformStream, by the Streams standard
const tick = () => new Promise((r) => setTimeout(r, 1));
const source = (...v) => new ReadableStream({ start(c) { v.forEach((x) => c.enqueue(x)); c.close(); } });
function sink(extra) {
  const got = [];
  const s = new WritableStream({ write(v) { got.push(v); }, close() { got.push("close"); }, abort(r) { got.push(["abort", r]); }, ...extra });
  return { s, got };
}
async function all(stream) {
  const out = [];
  for await (const v of stream) out.push(v);
  return out;
}
promise_test(async () => {
  const { s, got } = sink();
  const from = source(1, 2, 3);
  const p = from.pipeTo(s);
  assert_true(from.locked && s.locked);
  assert_equals(await p, undefined);
  assert_array_equals(got, [1, 2, 3, "close"]);
  assert_false(from.locked || s.locked);
}, "pipeTo");
promise_test(async () => {
  const { s, got } = sink();
  await source(1).pipeTo(s, { preventClose: true });
  await source(2).pipeTo(s);
  assert_array_equals(got, [1, 2, "close"]);
}, "preventClose");
promise_test(async (t) => {
  const { s, got } = sink();
  await promise_rejects_exactly(t, "bad", new ReadableStream({ start(c) { c.error("bad"); } }).pipeTo(s));
  assert_equals(JSON.stringify(got), '[["abort","bad"]]');
  const kept = sink();
  await promise_rejects_exactly(t, "bad", new ReadableStream({ start(c) { c.error("bad"); } }).pipeTo(kept.s, { preventAbort: true }));
  assert_array_equals(kept.got, []);
}, "a source that fails");
promise_test(async (t) => {
  let cancelled;
  const from = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { cancelled = r; } });
  await promise_rejects_exactly(t, "full", from.pipeTo(new WritableStream({ write() { throw "full"; } })));
  assert_equals(cancelled, "full");
}, "a sink that fails");
promise_test(async (t) => {
  const closed = new WritableStream();
  await closed.close();
  let cancelled = false;
  await promise_rejects_js(t, TypeError, new ReadableStream({ cancel() { cancelled = true; } }).pipeTo(closed));
  assert_true(cancelled);
}, "a sink that is closed");
promise_test(async (t) => {
  const c = new AbortController();
  let cancelled;
  const { s, got } = sink();
  const p = new ReadableStream({ pull(c) { c.enqueue(1); return tick(); }, cancel(r) { cancelled = r; } }).pipeTo(s, { signal: c.signal });
  await tick();
  c.abort("stop");
  await promise_rejects_exactly(t, "stop", p);
  assert_equals(cancelled, "stop");
  assert_equals(JSON.stringify(got.at(-1)), '["abort","stop"]');
  await promise_rejects_exactly(t, "early", new ReadableStream().pipeTo(new WritableStream(), { signal: AbortSignal.abort("early") }));
}, "a signal");
promise_test(async (t) => {
  await promise_rejects_js(t, TypeError, new ReadableStream().pipeTo({}));
  await promise_rejects_js(t, TypeError, new ReadableStream().pipeTo(new WritableStream(), { signal: {} }));
  const locked = new ReadableStream();
  locked.getReader();
  await promise_rejects_js(t, TypeError, locked.pipeTo(new WritableStream()));
  assert_throws_js(TypeError, () => new ReadableStream().pipeThrough());
  assert_throws_js(TypeError, () => new ReadableStream().pipeThrough({ readable: new ReadableStream() }));
}, "what is refused");
promise_test(async () => {
  let writes = 0;
  let free;
  const from = new ReadableStream({ pull(c) { c.enqueue(++writes); } }, { highWaterMark: 0 });
  from.pipeTo(new WritableStream({ write: () => new Promise((r) => (free = r)) }, { highWaterMark: 1 }));
  await tick();
  assert_equals(writes, 1);
  free();
  await tick();
  assert_equals(writes, 2);
}, "pipeTo waits for the sink");
promise_test(async () => {
  const seen = [];
  const t = new TransformStream({ start(c) { c.enqueue("first"); }, transform(v, c) { c.enqueue(v * 2); c.enqueue(v * 3); }, flush(c) { c.enqueue("last"); } });
  assert_array_equals(await all(source(1, 2).pipeThrough(t)), ["first", 2, 3, 4, 6, "last"]);
}, "a transform");
promise_test(async () => assert_array_equals(await all(source(1, "a").pipeThrough(new TransformStream())), [1, "a"]), "the identity");
promise_test(async (t) => {
  const x = new TransformStream({ transform() { throw "t"; } });
  const r = x.readable.getReader();
  const w = x.writable.getWriter();
  const p = r.read();
  await promise_rejects_exactly(t, "t", w.write(1));
  await promise_rejects_exactly(t, "t", p);
  await promise_rejects_exactly(t, "t", w.closed);
}, "a transform that fails");
promise_test(async (t) => {
  const x = new TransformStream({ transform(v, c) { c.enqueue(v); c.terminate(); } });
  const w = x.writable.getWriter();
  const r = x.readable.getReader();
  w.write(1).catch(() => {});
  assert_equals((await r.read()).value, 1);
  assert_true((await r.read()).done);
  await promise_rejects_js(t, TypeError, w.closed);
}, "terminate");
promise_test(async (t) => {
  const calls = [];
  const x = new TransformStream({ cancel(r) { calls.push(r); } });
  await x.readable.cancel("c");
  assert_array_equals(calls, ["c"]);
  await promise_rejects_exactly(t, "c", x.writable.getWriter().closed);
  const y = new TransformStream({ cancel(r) { calls.push(r); } });
  await y.writable.abort("a");
  assert_array_equals(calls, ["c", "a"]);
  await promise_rejects_exactly(t, "a", y.readable.getReader().closed);
}, "cancel");
promise_test(async () => {
  const x = new TransformStream();
  const w = x.writable.getWriter();
  let wrote = false;
  w.write(1).then(() => (wrote = true));
  await tick();
  assert_false(wrote);
  await x.readable.getReader().read();
  await tick();
  assert_true(wrote);
}, "a transform has back-pressure");
test(() => {
  assert_throws_js(RangeError, () => new TransformStream({ readableType: "bytes" }));
  assert_throws_js(RangeError, () => new TransformStream({ writableType: undefined, writableType: 1 }));
  assert_throws_js(TypeError, () => new TransformStream({ transform: 1 }));
  assert_throws_js(TypeError, () => new TransformStreamDefaultController());
  assert_throws_exactly("s", () => new TransformStream({ start() { throw "s"; } }));
}, "what TransformStream refuses");

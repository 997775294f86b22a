// META: title=ReadableStream, by the Streams standard
const tick = () => new Promise((r) => setTimeout(r, 1));
async function all(stream) {
  const out = [];
  for await (const v of stream) out.push(v);
  return out;
}
test(() => {
  new ReadableStream();
  new ReadableStream({});
  new ReadableStream(undefined, {});
  assert_throws_js(TypeError, () => new ReadableStream(null));
  assert_throws_js(TypeError, () => new ReadableStream({ type: "x" }));
  assert_throws_js(TypeError, () => new ReadableStream({ type: null }));
  assert_throws_js(TypeError, () => new ReadableStream({ pull: 1 }));
  assert_throws_js(RangeError, () => new ReadableStream({}, { highWaterMark: -1 }));
  assert_throws_js(RangeError, () => new ReadableStream({}, { highWaterMark: NaN }));
  assert_throws_js(TypeError, () => new ReadableStream({}, { size: 1 }));
  assert_throws_js(RangeError, () => new ReadableStream({ type: "bytes" }, { size() {} }));
  assert_throws_js(TypeError, () => new ReadableStream({ type: "bytes", autoAllocateChunkSize: 0 }));
  assert_throws_exactly("s", () => new ReadableStream({ start() { throw "s"; } }));
  assert_throws_js(TypeError, () => ReadableStream());
}, "constructor");
promise_test(async () => {
  const calls = [];
  const source = {
    start(c) { calls.push(["start", this === source, c.desiredSize]); c.enqueue("a"); },
    pull(c) { calls.push(["pull", this === source, c.desiredSize]); c.enqueue("b"); c.close(); },
  };
  const s = new ReadableStream(source, { highWaterMark: 2 });
  assert_equals(calls.length, 1);
  await tick();
  assert_equals(JSON.stringify(calls), '[["start",true,2],["pull",true,1]]');
  assert_array_equals(await all(s), ["a", "b"]);
}, "start and pull are methods of the source");
promise_test(async () => {
  let c;
  const s = new ReadableStream({ start(x) { c = x; } });
  const r = s.getReader();
  assert_true(s.locked);
  assert_throws_js(TypeError, () => s.getReader());
  const [a, b] = [r.read(), r.read()];
  c.enqueue(1);
  c.enqueue(2);
  assert_equals((await a).value, 1);
  assert_equals(JSON.stringify(await b), '{"value":2,"done":false}');
  c.close();
  assert_equals(JSON.stringify(await r.read()), '{"done":true}');
  assert_array_equals(Object.keys(await r.read()), ["value", "done"]);
  await r.closed;
  assert_throws_js(TypeError, () => c.enqueue(3));
  assert_throws_js(TypeError, () => c.close());
}, "reads and writes in order");
promise_test(async (t) => {
  let c;
  const s = new ReadableStream({ start(x) { c = x; } });
  const r = s.getReader();
  const p = r.read();
  c.error("bad");
  await promise_rejects_exactly(t, "bad", p);
  await promise_rejects_exactly(t, "bad", r.closed);
  await promise_rejects_exactly(t, "bad", r.read());
  assert_equals(c.desiredSize, null);
}, "an error reaches reads");
promise_test(async (t) => {
  let reason;
  const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { reason = r; return "x"; } });
  const r = s.getReader();
  await promise_rejects_js(t, TypeError, s.cancel());
  assert_equals(await r.cancel("why"), undefined);
  assert_equals(reason, "why");
  assert_true((await r.read()).done);
  await promise_rejects_exactly(t, "c", new ReadableStream({ cancel() { throw "c"; } }).cancel());
}, "cancel");
promise_test(async (t) => {
  const s = new ReadableStream();
  const r = s.getReader();
  const p = r.read();
  r.releaseLock();
  r.releaseLock();
  await promise_rejects_js(t, TypeError, p);
  await promise_rejects_js(t, TypeError, r.closed);
  await promise_rejects_js(t, TypeError, r.read());
  await promise_rejects_js(t, TypeError, r.cancel());
  assert_false(s.locked);
  s.getReader();
}, "releaseLock");
promise_test(async () => {
  let pulls = 0;
  const s = new ReadableStream({ pull(c) { pulls++; c.enqueue(pulls); } }, { highWaterMark: 3 });
  await tick();
  assert_equals(pulls, 3);
  const r = s.getReader();
  await r.read();
  await tick();
  assert_equals(pulls, 4);
}, "back-pressure");
promise_test(async (t) => {
  const s = new ReadableStream({ start(c) { try { c.enqueue(1); } catch (e) { assert_equals(e, "size"); } } }, { size() { throw "size"; } });
  await promise_rejects_exactly(t, "size", s.getReader().closed);
  const bad = new ReadableStream({ start(c) { assert_throws_js(RangeError, () => c.enqueue(1)); } }, { size: () => -1 });
  await promise_rejects_js(t, RangeError, bad.getReader().closed);
}, "size functions that fail");
promise_test(async () => {
  const sizes = [];
  new ReadableStream({ start(c) { for (const v of ["a", "bbb"]) { c.enqueue(v); sizes.push(c.desiredSize); } } }, { highWaterMark: 5, size: (v) => v.length });
  assert_array_equals(sizes, [4, 1]);
  assert_equals(new ByteLengthQueuingStrategy({ highWaterMark: 3 }).highWaterMark, 3);
  assert_equals(new ByteLengthQueuingStrategy({ highWaterMark: 3 }).size(new Uint8Array(7)), 7);
  assert_equals(new CountQueuingStrategy({ highWaterMark: 3 }).size(), 1);
  assert_throws_js(TypeError, () => new CountQueuingStrategy({}));
  assert_throws_js(TypeError, () => new CountQueuingStrategy());
  assert_equals(new CountQueuingStrategy({ highWaterMark: 1 }).size, new CountQueuingStrategy({ highWaterMark: 2 }).size);
}, "strategies");
promise_test(async () => {
  const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue({ a: 1 }); c.close(); } });
  const [a, b] = s.tee();
  assert_true(s.locked);
  const [x, y] = [await all(a), await all(b)];
  assert_equals(x[0] + y[0], 2);
  assert_equals(x[1], y[1]);
}, "tee");
promise_test(async () => {
  let reason;
  const s = new ReadableStream({ cancel(r) { reason = r; } });
  const [a, b] = s.tee();
  const p = a.cancel(1);
  await tick();
  assert_equals(reason, undefined);
  await Promise.all([p, b.cancel(2)]);
  assert_array_equals(reason, [1, 2]);
}, "tee: both branches must cancel");
promise_test(async (t) => {
  let c;
  const [a, b] = new ReadableStream({ start(x) { c = x; } }).tee();
  const [p, q] = [a.getReader().read(), b.getReader().read()];
  c.error("e");
  await promise_rejects_exactly(t, "e", p);
  await promise_rejects_exactly(t, "e", q);
}, "tee: errors reach both");
promise_test(async () => {
  let cancelled;
  const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.enqueue(3); }, cancel(r) { cancelled = r; } });
  for await (const v of s) if (v === 2) break;
  assert_equals(cancelled, undefined);
  assert_false(s.locked);
  const kept = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } });
  for await (const v of kept.values({ preventCancel: true })) if (v === 1) break;
  assert_array_equals(await all(kept), [2]);
}, "iteration, with and without cancel");
promise_test(async () => {
  const it = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } })[Symbol.asyncIterator]();
  const [a, b, c] = await Promise.all([it.next(), it.next(), it.next()]);
  assert_equals(a.value + b.value, 3);
  assert_true(c.done);
  assert_equals((await it.return("r")).value, "r");
  assert_equals(Object.getPrototypeOf(Object.getPrototypeOf(it)), Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})()))));
  assert_equals(ReadableStream.prototype.values, ReadableStream.prototype[Symbol.asyncIterator]);
}, "the iterator");
promise_test(async (t) => {
  assert_array_equals(await all(ReadableStream.from(["a", Promise.resolve("b")])), ["a", "b"]);
  assert_array_equals(await all(ReadableStream.from("hi")), ["h", "i"]);
  assert_array_equals(await all(ReadableStream.from(new Set([1, 2]))), [1, 2]);
  assert_array_equals(await all(ReadableStream.from((async function* () { yield 1; yield 2; })())), [1, 2]);
  for (const bad of [undefined, null, 1, {}, { [Symbol.iterator]: 1 }]) assert_throws_js(TypeError, () => ReadableStream.from(bad));
  let returned;
  const s = ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: async (r) => { returned = r; return {}; } }) });
  await s.cancel("x");
  assert_equals(returned, "x");
  await promise_rejects_exactly(t, "g", ReadableStream.from((function* () { throw "g"; })()).getReader().read());
}, "from");
test(() => {
  for (const C of [ReadableStreamDefaultController, ReadableByteStreamController, ReadableStreamBYOBRequest]) assert_throws_js(TypeError, () => new C());
  assert_throws_js(TypeError, () => new ReadableStreamDefaultReader({}));
  assert_throws_js(TypeError, () => new ReadableStreamBYOBReader(new ReadableStream()));
  assert_throws_js(TypeError, () => new ReadableStream().getReader({ mode: "x" }));
  assert_class_string(new ReadableStream(), "ReadableStream");
}, "what cannot be made");
promise_test(async (t) => {
  await promise_rejects_js(t, TypeError, ReadableStream.prototype.cancel.call({}));
  await promise_rejects_js(t, TypeError, ReadableStreamDefaultReader.prototype.read.call({}));
  assert_throws_js(TypeError, () => ReadableStream.prototype.tee.call({}));
}, "methods on what is no stream");

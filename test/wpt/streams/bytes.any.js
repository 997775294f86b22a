// META: title=ReadableStream of bytes, by the Streams standard
const bytes = (...n) => new Uint8Array(n);
promise_test(async () => {
  const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 2, 3)); c.enqueue(bytes(4)); c.close(); } });
  const r = s.getReader();
  assert_array_equals((await r.read()).value, [1, 2, 3]);
  assert_array_equals((await r.read()).value, [4]);
  assert_true((await r.read()).done);
}, "a default reader gets the chunks");
promise_test(async () => {
  const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 2, 3)); c.enqueue(bytes(4)); c.close(); } });
  const r = s.getReader({ mode: "byob" });
  const into = new Uint8Array(2);
  const a = await r.read(into);
  assert_true(into.buffer.detached);
  assert_array_equals(a.value, [1, 2]);
  assert_array_equals((await r.read(new Uint8Array(8))).value, [3, 4]);
  const end = await r.read(new Uint8Array(3));
  assert_true(end.done);
  assert_equals(end.value.byteLength, 0);
  assert_equals(end.value.buffer.byteLength, 3);
}, "a byob reader fills the view");
promise_test(async () => {
  const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 0, 2, 0, 3)); } });
  const r = s.getReader({ mode: "byob" });
  const { value } = await r.read(new Uint16Array(4));
  assert_true(value instanceof Uint16Array);
  assert_array_equals(value, [1, 2]);
  const d = await r.read(new DataView(new ArrayBuffer(4), 1, 2));
  assert_true(d.value instanceof DataView);
  assert_equals(d.value.byteOffset, 1);
  assert_equals(d.value.byteLength, 1);
  assert_equals(d.value.getUint8(0), 3);
}, "views of other classes");
promise_test(async () => {
  const seen = [];
  const s = new ReadableStream({ type: "bytes", pull(c) {
    const v = c.byobRequest.view;
    seen.push(v.byteLength);
    v[0] = 9;
    c.byobRequest.respond(1);
  } });
  const r = s.getReader({ mode: "byob" });
  assert_array_equals((await r.read(new Uint8Array(5))).value, [9]);
  assert_array_equals(seen, [5]);
}, "respond");
promise_test(async () => {
  const s = new ReadableStream({ type: "bytes", pull(c) {
    const v = c.byobRequest.view;
    const other = new Uint8Array(v.buffer.transfer(), v.byteOffset, 2);
    other.set([7, 8]);
    c.byobRequest.respondWithNewView(other);
  } });
  assert_array_equals((await s.getReader({ mode: "byob" }).read(new Uint8Array(5))).value, [7, 8]);
}, "respondWithNewView");
promise_test(async () => {
  const s = new ReadableStream({ type: "bytes", autoAllocateChunkSize: 16, pull(c) {
    const v = c.byobRequest.view;
    assert_equals(v.byteLength, 16);
    v.set([1, 2]);
    c.byobRequest.respond(2);
  } });
  const { value } = await s.getReader().read();
  assert_array_equals(value, [1, 2]);
  assert_equals(value.buffer.byteLength, 16);
}, "autoAllocateChunkSize");
promise_test(async () => {
  let c;
  const s = new ReadableStream({ type: "bytes", start(x) { c = x; } });
  const p = s.getReader({ mode: "byob" }).read(new Uint8Array(6), { min: 3 });
  c.enqueue(bytes(1));
  let early = true;
  p.then(() => (early = false));
  await new Promise((r) => setTimeout(r, 1));
  assert_true(early);
  c.enqueue(bytes(2, 3, 4));
  assert_array_equals((await p).value, [1, 2, 3, 4]);
}, "min");
promise_test(async (t) => {
  let c;
  const s = new ReadableStream({ type: "bytes", start(x) { c = x; } });
  const r = s.getReader({ mode: "byob" });
  await promise_rejects_js(t, TypeError, r.read());
  await promise_rejects_js(t, TypeError, r.read({}));
  await promise_rejects_js(t, TypeError, r.read(new Uint8Array(0)));
  await promise_rejects_js(t, TypeError, r.read(new Uint8Array(2), { min: 0 }));
  await promise_rejects_js(t, RangeError, r.read(new Uint8Array(2), { min: 3 }));
  const gone = new Uint8Array(2);
  gone.buffer.transfer();
  await promise_rejects_js(t, TypeError, r.read(gone));
  assert_throws_js(TypeError, () => c.enqueue("x"));
  assert_throws_js(TypeError, () => c.enqueue(new Uint8Array(0)));
  assert_equals(c.byobRequest, null);
  const p = r.read(new Uint8Array(2));
  assert_throws_js(TypeError, () => c.byobRequest.respond());
  assert_throws_js(TypeError, () => c.byobRequest.respond(0));
  assert_throws_js(RangeError, () => c.byobRequest.respond(3));
  assert_throws_js(TypeError, () => c.byobRequest.respond(-1));
  const request = c.byobRequest;
  request.respond(2);
  await p;
  assert_equals(request.view, null);
  assert_throws_js(TypeError, () => request.respond(1));
}, "what is refused");
promise_test(async (t) => {
  let c;
  const s = new ReadableStream({ type: "bytes", start(x) { c = x; } });
  const p = s.getReader({ mode: "byob" }).read(new Uint16Array(1));
  c.enqueue(bytes(1));
  assert_throws_js(TypeError, () => c.close());
  await promise_rejects_js(t, TypeError, p);
}, "closing in the middle of an element");
promise_test(async () => {
  let c;
  const s = new ReadableStream({ type: "bytes", start(x) { c = x; } });
  const r = s.getReader({ mode: "byob" });
  const p = r.read(new Uint8Array(3));
  const q = r.cancel("x");
  assert_equals((await p).value, undefined);
  assert_true((await p).done);
  await q;
}, "cancel while a view is read into");
promise_test(async () => {
  let c;
  const s = new ReadableStream({ type: "bytes", start(x) { c = x; } });
  const r = s.getReader({ mode: "byob" });
  const p = r.read(new Uint8Array(4)).catch(() => "released");
  c.byobRequest.view[0] = 5;
  r.releaseLock();
  assert_equals(await p, "released");
  c.byobRequest.respond(1);
  assert_array_equals((await s.getReader().read()).value, [5]);
}, "bytes written after the reader was released are kept");
promise_test(async () => {
  const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(bytes(1, 2)); c.close(); } });
  const [a, b] = s.tee();
  const x = (await a.getReader().read()).value;
  const r = b.getReader({ mode: "byob" });
  const y = (await r.read(new Uint8Array(2))).value;
  assert_array_equals(x, [1, 2]);
  assert_array_equals(y, [1, 2]);
  assert_not_equals(x.buffer, y.buffer);
  assert_true((await r.read(new Uint8Array(1))).done);
}, "tee copies");
promise_test(async () => {
  let pulls = 0;
  const s = new ReadableStream({ type: "bytes", pull(c) { pulls++; if (c.byobRequest) { c.byobRequest.view[0] = pulls; c.byobRequest.respond(1); } else c.enqueue(bytes(pulls)); } });
  const [a, b] = s.tee();
  assert_array_equals((await a.getReader({ mode: "byob" }).read(new Uint8Array(9))).value, [1]);
  assert_array_equals((await b.getReader().read()).value, [1]);
}, "tee passes the view on");

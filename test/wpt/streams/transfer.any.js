// META: title=Streams that are transferred, by the Streams standard

const of = (...v) => new ReadableStream({ start(c) { v.forEach((x) => c.enqueue(x)); c.close(); } });
const all = async (s) => { const out = []; for await (const v of s) out.push(v); return out; };
const move = (s) => structuredClone(s, { transfer: [s] });

promise_test(async () => {
  const chunk = { a: 1 };
  const from = of(chunk, "b");
  const to = move(from);
  assert_true(to instanceof ReadableStream);
  assert_not_equals(to, from);
  assert_true(from.locked);
  assert_false(to.locked);
  const got = await all(to);
  assert_equals(got.length, 2);
  assert_equals(got[0].a, 1);
  assert_not_equals(got[0], chunk, "chunks are cloned");
  assert_equals(got[1], "b");
}, "a ReadableStream");

promise_test(async (t) => {
  const e = new TypeError("mine");
  const got = await move(new ReadableStream({ pull(c) { c.error(e); } })).getReader().read().catch((x) => x);
  assert_true(got instanceof TypeError);
  assert_equals(got.message, "mine");
  await promise_rejects_dom(t, "DataCloneError", move(of(() => {})).getReader().read());
  let reason;
  const to = move(new ReadableStream({ cancel(r) { reason = r; } }));
  await to.cancel({ why: 1 });
  await t.step_wait(() => reason !== undefined, "the source is cancelled");
  assert_equals(reason.why, 1);
}, "how it fails and is cancelled");

promise_test(async (t) => {
  let pulls = 0;
  const to = move(new ReadableStream({ pull(c) { pulls++; c.enqueue(pulls); } }, { highWaterMark: 0 }));
  await new Promise((resolve) => t.step_timeout(resolve, 5));
  assert_less_than_equal(pulls, 1, "nobody reads");
  const r = to.getReader();
  assert_equals((await r.read()).value, 1);
  assert_equals((await r.read()).value, 2);
  assert_less_than_equal(pulls, 4, "back-pressure");
}, "back-pressure");

promise_test(async (t) => {
  const got = [];
  let closed = false;
  const from = new WritableStream({ write(v) { got.push(v); }, close() { closed = true; } });
  const to = move(from);
  assert_true(to instanceof WritableStream);
  assert_true(from.locked);
  const w = to.getWriter();
  const chunk = [1];
  w.write(chunk);
  await w.write("b");
  await w.close();
  await t.step_wait(() => closed, "it is closed");
  assert_equals(got[0][0], 1);
  assert_not_equals(got[0], chunk);
  assert_equals(got[1], "b");
  let reason;
  move(new WritableStream({ abort(r) { reason = r; } })).abort("why");
  await t.step_wait(() => reason === "why", "it is aborted");
  const failing = move(new WritableStream({ write() { throw new RangeError("no"); } })).getWriter();
  failing.write("x").catch(() => {});
  const e = await failing.closed.catch((x) => x);
  assert_equals(e.name, "RangeError");
}, "a WritableStream");

promise_test(async () => {
  const from = new TransformStream({ transform(v, c) { c.enqueue(v + v); } });
  const to = move(from);
  assert_true(to instanceof TransformStream);
  assert_true(from.readable.locked && from.writable.locked);
  const w = to.writable.getWriter();
  w.write("a");
  w.close();
  assert_array_equals(await all(to.readable), ["aa"]);
}, "a TransformStream");

promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  const got = new Promise((resolve) => (port2.onmessage = (e) => resolve(e.data)));
  const s = of(1, 2);
  port1.postMessage({ s }, [s]);
  assert_array_equals(await all((await got).s), [1, 2]);
  port1.close();
}, "postMessage");

test(() => {
  for (const make of [() => new ReadableStream(), () => new WritableStream(), () => new TransformStream()]) {
    assert_throws_dom("DataCloneError", () => structuredClone(make()), "it is not listed");
    const s = make();
    (s.readable ?? s).getReader?.();
    if (!(s instanceof ReadableStream)) (s.writable ?? s).getWriter();
    assert_throws_dom("DataCloneError", () => move(s), "it is locked");
    const twice = make();
    move(twice);
    assert_throws_dom("DataCloneError", () => move(twice), "it is gone");
    assert_throws_dom("DataCloneError", () => structuredClone(null, { transfer: [make(), twice] }));
  }
  const kept = new ReadableStream();
  assert_throws_dom("DataCloneError", () => structuredClone({ kept, f() {} }, { transfer: [kept] }));
  assert_false(kept.locked, "nothing is taken of what fails");
}, "what cannot be transferred");

// META: title=AbortSignal.any and timeout, by the DOM standard

test(() => {
  assert_throws_js(TypeError, () => AbortSignal.any());
  for (const bad of [null, undefined, 5, "x", {}, [1], [null], [{}], [new EventTarget()]]) assert_throws_js(TypeError, () => AbortSignal.any(bad), String(bad));
  const s = AbortSignal.any([]);
  assert_true(s instanceof AbortSignal);
  assert_false(s.aborted);
  assert_false(AbortSignal.any([AbortSignal.any([])]).aborted);
}, "what it takes");

test(() => {
  const one = AbortSignal.abort("one");
  const two = AbortSignal.abort("two");
  assert_equals(AbortSignal.any([one, two]).reason, "one");
  assert_equals(AbortSignal.any([new AbortController().signal, two, one]).reason, "two");
  assert_equals(AbortSignal.any([AbortSignal.any([one])]).reason, "one");
}, "one that has aborted already");

test(() => {
  const a = new AbortController();
  const b = new AbortController();
  const log = [];
  const s = AbortSignal.any([a.signal, b.signal, a.signal]);
  const deep = AbortSignal.any([s, AbortSignal.any([b.signal])]);
  a.signal.addEventListener("abort", () => log.push("a", s.aborted, deep.aborted));
  deep.addEventListener("abort", (e) => log.push("deep", e.isTrusted, e.target === deep));
  s.addEventListener("abort", () => log.push("s"));
  a.abort("why");
  b.abort("late");
  assert_array_equals(log, ["a", true, true, "s", "deep", true, true]);
  assert_equals(s.reason, "why");
  assert_equals(deep.reason, "why");
  assert_equals(b.signal.reason, "late");
}, "they follow the first, once, in the order in which they were made");

test(() => {
  const c = new AbortController();
  const s = AbortSignal.any([c.signal]);
  c.abort();
  assert_equals(s.reason, c.signal.reason);
  assert_equals(s.reason.name, "AbortError");
  assert_throws_exactly(s.reason, () => s.throwIfAborted());
  let late = 0;
  s.addEventListener("abort", () => late++);
  assert_equals(late, 0);
}, "the reason is the same object");

test(() => {
  const c = new AbortController();
  const made = [];
  const s = AbortSignal.any([c.signal]);
  s.addEventListener("abort", () => made.push(AbortSignal.any([c.signal, s])));
  c.abort("x");
  assert_equals(made.length, 1);
  assert_true(made[0].aborted);
}, "one that is made while it aborts");

promise_test(async (t) => {
  const s = AbortSignal.any([AbortSignal.timeout(1), new AbortController().signal]);
  await new Promise((resolve) => s.addEventListener("abort", resolve));
  assert_equals(s.reason.name, "TimeoutError");
  assert_true(s.reason instanceof DOMException);
  for (const bad of [-1, NaN, Infinity, 2 ** 53, "x", undefined]) assert_throws_js(TypeError, () => AbortSignal.timeout(bad), String(bad));
  assert_throws_js(TypeError, () => AbortSignal.timeout());
  const far = AbortSignal.timeout(Number.MAX_SAFE_INTEGER);
  await new Promise((resolve) => t.step_timeout(resolve, 5));
  assert_false(far.aborted, "what is far off does not wrap");
}, "timeout");

test(() => {
  const c = new AbortController();
  const t = new EventTarget();
  let n = 0;
  const f = () => n++;
  t.addEventListener("x", f, { signal: c.signal });
  t.removeEventListener("x", f);
  t.addEventListener("x", f);
  c.abort();
  t.dispatchEvent(new Event("x"));
  assert_equals(n, 1, "the signal of a listener that is gone takes no other");
  t.addEventListener("y", f, { signal: c.signal });
  t.dispatchEvent(new Event("y"));
  assert_equals(n, 1, "an aborted signal adds nothing");
  assert_throws_js(TypeError, () => t.addEventListener("z", f, { signal: null }));
}, "signals of listeners");

// META: title=AbortController and AbortSignal, by the DOM standard
test(() => {
  const c = new AbortController();
  assert_false(c.signal.aborted);
  assert_equals(c.signal.reason, undefined);
  assert_equals(c.signal, c.signal);
  c.signal.throwIfAborted();
  c.abort();
  assert_true(c.signal.aborted);
  assert_equals(c.signal.reason.name, "AbortError");
  assert_throws_exactly(c.signal.reason, () => c.signal.throwIfAborted());
  const r = c.signal.reason;
  c.abort("other");
  assert_equals(c.signal.reason, r);
}, "abort happens once, with an AbortError");
test(() => {
  const c = new AbortController();
  c.abort(null);
  assert_equals(c.signal.reason, null);
  assert_equals(AbortSignal.abort("x").reason, "x");
  assert_true(AbortSignal.abort().reason instanceof DOMException);
}, "reasons");
test(() => assert_throws_js(TypeError, () => new AbortSignal()), "no constructor");
test(() => {
  const c = new AbortController();
  const seen = [];
  c.signal.onabort = (e) => seen.push(["on", e.isTrusted, e.bubbles]);
  c.signal.addEventListener("abort", (e) => seen.push([e.type, e.target === c.signal, c.signal.aborted]));
  c.abort();
  assert_equals(JSON.stringify(seen), '[["on",true,false],["abort",true,true]]');
  c.signal.onabort = 5;
  assert_equals(c.signal.onabort, null);
}, "the event");
async_test((t) => {
  const s = AbortSignal.timeout(5);
  assert_false(s.aborted);
  s.onabort = t.step_func_done(() => {
    assert_equals(s.reason.name, "TimeoutError");
    assert_true(s.aborted);
  });
}, "timeout");
test(() => {
  for (const bad of [-1, NaN, Infinity, 2 ** 53, "x"]) assert_throws_js(TypeError, () => AbortSignal.timeout(bad));
  assert_throws_js(TypeError, () => AbortSignal.timeout());
}, "timeout takes whole numbers that are not negative");
test(() => {
  const [a, b] = [new AbortController(), new AbortController()];
  const s = AbortSignal.any([a.signal, b.signal, a.signal]);
  assert_false(s.aborted);
  let n = 0;
  s.onabort = () => n++;
  b.abort("b");
  a.abort("a");
  assert_equals(s.reason, "b");
  assert_equals(n, 1);
  assert_equals(AbortSignal.any([a.signal, b.signal]).reason, "a");
  assert_false(AbortSignal.any([]).aborted);
  assert_throws_js(TypeError, () => AbortSignal.any([{}]));
  assert_throws_js(TypeError, () => AbortSignal.any(1));
}, "any");
test(() => {
  const c = new AbortController();
  const one = AbortSignal.any([c.signal]);
  const two = AbortSignal.any([one]);
  const seen = [];
  for (const [n, s] of [["c", c.signal], ["one", one], ["two", two]]) s.addEventListener("abort", () => seen.push(n + c.signal.aborted + one.aborted + two.aborted));
  c.abort();
  assert_array_equals(seen, ["ctruetruetrue", "onetruetruetrue", "twotruetruetrue"]);
}, "all are aborted before the first event is fired");
test(() => {
  assert_class_string(new AbortController(), "AbortController");
  assert_class_string(AbortSignal.abort(), "AbortSignal");
  assert_true(AbortSignal.abort() instanceof EventTarget);
  assert_true(Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted").enumerable);
}, "classes");

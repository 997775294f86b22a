// META: title=error and unhandledrejection of the global object, by the HTML standard
setup({ allow_uncaught_exception: true });
const once = (name) => new Promise((resolve) => addEventListener(name, (e) => { e.preventDefault(); resolve(e); }, { once: true }));
promise_test(async () => {
  const seen = once("error");
  const error = new Error("thrown");
  reportError(error);
  const e = await seen;
  assert_equals(e.error, error);
  assert_class_string(e, "ErrorEvent");
  assert_true(e.message.includes("thrown"));
  assert_true(e.cancelable);
  assert_true(e.isTrusted);
}, "reportError fires error");
promise_test(async () => {
  const seen = once("error");
  setTimeout(() => { throw 7; }, 0);
  assert_equals((await seen).error, 7);
}, "so does what a timer throws");
promise_test(async () => {
  const seen = once("error");
  queueMicrotask(() => { throw "m"; });
  assert_equals((await seen).error, "m");
}, "and a microtask");
promise_test(async () => {
  const seen = once("error");
  const t = new EventTarget();
  let after = false;
  t.addEventListener("x", () => { throw "listener"; });
  t.addEventListener("x", () => (after = true));
  t.dispatchEvent(new Event("x"));
  assert_true(after);
  assert_equals((await seen).error, "listener");
}, "and a listener, after which the next one runs");
promise_test(async () => {
  const seen = once("error");
  const t = new EventTarget();
  t.addEventListener("x", { handleEvent: 1 });
  t.dispatchEvent(new Event("x"));
  assert_true((await seen).error instanceof TypeError);
}, "a listener without handleEvent is a TypeError");
promise_test(async () => {
  const seen = once("unhandledrejection");
  const p = Promise.reject("reason");
  const e = await seen;
  assert_equals(e.promise, p);
  assert_equals(e.reason, "reason");
  assert_class_string(e, "PromiseRejectionEvent");
}, "unhandledrejection");
promise_test(async (t) => {
  const args = await new Promise((resolve) => {
    onerror = (...a) => { resolve(a); return true; };
    t.add_cleanup(() => (onerror = null));
    reportError("x");
  });
  assert_equals(args.length, 5);
  assert_equals(args[4], "x");
}, "onerror gets five arguments");
test(() => assert_throws_js(TypeError, () => reportError()), "reportError needs an argument");

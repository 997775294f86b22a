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
promise_test(async () => {
  const log = [];
  const told = (e) => { e.preventDefault(); log.push(["unhandled", e.promise, e.reason]); };
  const handled = (e) => log.push(["handled", e.promise, e.reason, e.cancelable, e.isTrusted]);
  addEventListener("unhandledrejection", told);
  addEventListener("rejectionhandled", handled);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
  const p = Promise.reject("late");
  const soon = Promise.reject("soon");
  soon.catch(() => {});
  await turn();
  assert_equals(log.length, 1);
  assert_equals(log[0][1], p);
  p.catch(() => {});
  assert_equals(log.length, 1, "not at once");
  await turn();
  assert_equals(log.length, 2);
  assert_array_equals(log[1], ["handled", p, "late", false, true]);
  p.catch(() => {});
  await turn();
  assert_equals(log.length, 2, "once");
  removeEventListener("unhandledrejection", told);
  removeEventListener("rejectionhandled", handled);
}, "rejectionhandled");
promise_test(async () => {
  const log = [];
  const two = Promise.resolve().then(() => Promise.reject("2"));
  const one = Promise.reject("1");
  onunhandledrejection = (e) => {
    log.push(e.reason);
    one.catch(() => {});
    return false;
  };
  onrejectionhandled = (e) => log.push("handled " + e.reason);
  await new Promise((resolve) => setTimeout(resolve, 5));
  onunhandledrejection = onrejectionhandled = null;
  two.catch(() => {});
  assert_array_equals(log, ["1", "2"], "what a listener handles was never told of as unhandled and then as handled");
}, "a rejection handled while it is told of");

// META: title=setTimeout, setInterval and queueMicrotask, by the HTML standard

const after = (t, ms = 5) => new Promise((resolve) => t.step_timeout(resolve, ms));

async_test((t) => {
  const at = Date.now();
  setTimeout(t.step_func_done((...args) => {
    assert_array_equals(args, [1, "two", null]);
    assert_greater_than_equal(Date.now() - at, 9);
  }), 10, 1, "two", null);
}, "arguments and the delay");

for (const ms of [undefined, null, 0, -1, -(2 ** 31), NaN, "x", "1", {}, [], Infinity, -Infinity, 2 ** 32, 2 ** 31, { valueOf: () => 1 }, true]) {
  async_test((t) => {
    const id = setTimeout(t.step_func_done(() => {}), ms);
    assert_equals(typeof id, "number");
    assert_greater_than(id, 0);
  }, `the delay ${typeof ms === "object" ? JSON.stringify(ms) : String(ms)} is short`);
}

promise_test(async (t) => {
  const log = [];
  setTimeout(() => log.push("b"), 2);
  setTimeout(() => log.push("a"), 1);
  setTimeout(() => log.push("c"), 2);
  queueMicrotask(() => log.push("micro"));
  log.push("sync");
  await after(t, 20);
  assert_array_equals(log, ["sync", "micro", "a", "b", "c"]);
}, "the order");

promise_test(async (t) => {
  let fired = 0;
  const f = () => fired++;
  clearTimeout(setTimeout(f, 1));
  clearInterval(setTimeout(f, 1));
  clearTimeout(setInterval(f, 1));
  clearInterval(setInterval(f, 1));
  const text = setTimeout(f, 1);
  clearTimeout(String(text));
  for (const odd of [undefined, null, 0, -1, NaN, 1e9, "x", {}, []]) {
    clearTimeout(odd);
    clearInterval(odd);
  }
  clearTimeout();
  clearInterval();
  await after(t, 10);
  assert_equals(fired, 0);
}, "timers are cleared");

promise_test(async (t) => {
  let n = 0;
  await new Promise((resolve) => {
    const id = setInterval((a, b) => {
      assert_equals(a + b, 3);
      if (++n === 3) {
        clearInterval(id);
        resolve();
      }
    }, 1, 1, 2);
  });
  await after(t, 10);
  assert_equals(n, 3);
  const id = setInterval(() => {
    n++;
    clearTimeout(id);
  });
  await after(t, 10);
  assert_equals(n, 4);
}, "an interval clears itself");

promise_test(async () => {
  const self = await new Promise((resolve) => setTimeout(function () { "use strict"; resolve(this); }, 0));
  assert_equals(self, globalThis);
  const sloppy = await new Promise((resolve) => setTimeout(function () { resolve(this); }));
  assert_equals(sloppy, globalThis);
}, "this of a callback is the global object");

test(() => {
  for (const f of [setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask]) assert_equals(typeof f, "function");
  assert_throws_js(TypeError, () => setTimeout());
  assert_throws_js(TypeError, () => setInterval());
  assert_throws_js(TypeError, () => setTimeout(() => {}, Symbol("x")));
  assert_throws_js(TypeError, () => setTimeout(() => {}, 1n));
  for (const bad of [undefined, null, 1, "x", {}]) assert_throws_js(TypeError, () => queueMicrotask(bad), String(bad));
  assert_throws_js(TypeError, () => queueMicrotask());
  const ids = new Set();
  for (let i = 0; i < 20; i++) ids.add(setTimeout(() => {}, 1));
  assert_equals(ids.size, 20, "every timer has its own number");
  ids.forEach(clearTimeout);
}, "what they take");

promise_test(async () => {
  const log = [];
  queueMicrotask(() => {
    log.push(1);
    queueMicrotask(() => log.push(3));
  });
  Promise.resolve().then(() => log.push(2));
  await new Promise((resolve) => setTimeout(resolve));
  assert_array_equals(log, [1, 2, 3]);
  const args = await new Promise((resolve) => queueMicrotask((...a) => resolve(a)));
  assert_equals(args.length, 0);
}, "microtasks are in order");

test(() => {
  assert_equals(setTimeout.length, 1);
  assert_equals(setInterval.length, 1);
}, "only the callback is needed");

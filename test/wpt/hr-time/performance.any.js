// META: title=performance, by High Resolution Time and User Timing
test(() => {
  const a = performance.now();
  assert_greater_than_equal(performance.now(), a);
  assert_less_than(Math.abs(performance.timeOrigin + performance.now() - Date.now()), 1000);
  assert_class_string(performance, "Performance");
  assert_equals(performance.toJSON().timeOrigin, performance.timeOrigin);
  assert_throws_js(TypeError, () => new Performance());
}, "now and timeOrigin");
test(() => {
  performance.mark("a", { startTime: 1, detail: { x: 1 } });
  performance.mark("b", { startTime: 5 });
  const m = performance.measure("m", "a", "b");
  assert_equals(m.duration, 4);
  assert_equals(m.startTime, 1);
  assert_equals(m.entryType, "measure");
  assert_equals(performance.getEntriesByName("a")[0].detail.x, 1);
  assert_equals(performance.getEntriesByType("mark").length, 2);
  assert_array_equals(performance.getEntries().map((e) => e.name), ["a", "m", "b"]);
  assert_equals(performance.measure("n", { start: 2, duration: 3 }).duration, 3);
  performance.clearMarks("a");
  assert_throws_dom("SyntaxError", () => performance.measure("m", "a"));
  performance.clearMarks();
  performance.clearMeasures();
  assert_equals(performance.getEntries().length, 0);
}, "marks and measures");
test(() => {
  assert_throws_js(TypeError, () => performance.mark());
  assert_throws_js(TypeError, () => performance.mark("x", { startTime: -1 }));
  assert_throws_js(TypeError, () => performance.measure("x", { start: 1, end: 2, duration: 3 }));
}, "what is refused");
test(() => {
  assert_equals(typeof navigator.userAgent, "string");
  assert_class_string(navigator, "Navigator");
}, "navigator");

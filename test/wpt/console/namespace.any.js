// META: title=The console as a namespace object, by the Console and Web IDL standards
test(() => {
  const d = Object.getOwnPropertyDescriptor(globalThis, "console");
  assert_equals(d.value, console);
  assert_true(d.writable);
  assert_true(d.configurable);
  assert_false(d.enumerable);
}, "console is a property of the global object");
test(() => {
  const first = Object.getPrototypeOf(console);
  assert_equals(Reflect.ownKeys(first).length, 0, "the prototype is empty");
  assert_equals(Object.getPrototypeOf(first), Object.prototype);
}, "its prototype is an empty object");
test(() => {
  const d = Object.getOwnPropertyDescriptor(console, Symbol.toStringTag);
  assert_equals(d.value, "console");
  assert_false(d.writable);
  assert_false(d.enumerable);
  assert_true(d.configurable);
  assert_equals(String(console), "[object console]");
}, "its class string");
test(() => {
  assert_throws_js(TypeError, () => new console());
  assert_throws_js(TypeError, () => console());
  assert_equals(console.prototype, undefined);
}, "it is no function");
for (const name of "assert clear debug error info log table trace warn dir dirxml count countReset group groupCollapsed groupEnd time timeLog timeEnd".split(" ")) {
  test(() => {
    const d = Object.getOwnPropertyDescriptor(console, name);
    assert_equals(typeof d.value, "function");
    assert_equals(d.value.name, name === "groupCollapsed" ? "groupCollapsed" : name);
    assert_true(d.writable && d.enumerable && d.configurable);
    assert_throws_js(TypeError, () => new console[name]());
  }, `console.${name} is an operation`);
}
for (const name of ["timeline", "timelineEnd", "markTimeline"]) {
  test(() => assert_equals(console[name], undefined), `console.${name} is no more`);
}

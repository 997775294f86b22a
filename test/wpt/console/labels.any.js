// META: title=Labels of counters and timers are texts, by the Console standard
const methods = ["count", "countReset", "time", "timeLog", "timeEnd"];
for (const name of methods) {
  test(() => {
    console[name]();
    console[name](undefined);
    console[name](null);
    console[name](5n);
  }, `console.${name} takes any value`);
  test(() => {
    let calls = 0;
    console[name]({
      toString() {
        calls++;
        return "label";
      },
    });
    assert_equals(calls, 1);
  }, `console.${name} asks its label once`);
  test(() => {
    const own = new Error("own");
    assert_throws_exactly(own, () =>
      console[name]({
        toString() {
          throw own;
        },
      }),
    );
    assert_throws_js(TypeError, () => console[name](Symbol()));
  }, `console.${name} throws what its label throws`);
}

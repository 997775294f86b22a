// META: title=atob and btoa, by the HTML and Infra standards

for (const [text, want] of [
  ["", ""], ["YQ==", "a"], ["YQ", "a"], ["YWI=", "ab"], ["YWI", "ab"], ["YWJj", "abc"], [" Y\tQ\n=\f=\r ", "a"], ["YR==", "a"], ["YQ===", null], ["YQ=", null], ["Y", null], ["YWJjY", null], ["=", null], ["==", null], ["====", null],
  ["YQ==YQ==", null], ["Y=Q=", null], ["YWI==", null], ["ab-_", null], ["ab\u000b", null], ["ab\u00a0=", null], ["abcd\u0000", null], ["\u00fc", null], ["////", "\u00ff\u00ff\u00ff"], ["++++", "\u00fb\u00ef\u00be"], ["/w==", "\u00ff"],
  [undefined, null], [null, "\u009e\u00e9e"], [12, "\u00d7"], [NaN, "5\u00a3"], [true, "\u00b6\u00bb\u009e"], [{ toString: () => "YQ==" }, "a"], ["A".repeat(4 * 5000), "\u0000".repeat(15000)],
]) {
  test(() => {
    if (want === null) assert_throws_dom("InvalidCharacterError", () => atob(text));
    else assert_equals(atob(text), want);
  }, `atob(${String(text).slice(0, 20)})`);
}

for (const [text, want] of [
  ["", ""], ["a", "YQ=="], ["ab", "YWI="], ["abc", "YWJj"], ["\u00ff", "/w=="], ["\u0000", "AA=="], ["\u0100", null], ["\ud800", null], ["a\u4e2d", null],
  [undefined, "dW5kZWZpbmVk"], [null, "bnVsbA=="], [12, "MTI="], [{ toString: () => "a" }, "YQ=="], ["x".repeat(9000), "eHh4".repeat(3000)],
]) {
  test(() => {
    if (want === null) assert_throws_dom("InvalidCharacterError", () => btoa(text));
    else assert_equals(btoa(text), want);
  }, `btoa(${JSON.stringify(String(text).slice(0, 20))})`);
}

test(() => {
  let all = "";
  for (let i = 0; i < 256; i++) all += String.fromCharCode(i);
  assert_equals(atob(btoa(all)), all);
  for (let i = 0; i < 70; i++) assert_equals(atob(btoa(all.slice(i, 2 * i))), all.slice(i, 2 * i));
  assert_throws_js(TypeError, () => atob());
  assert_throws_js(TypeError, () => btoa());
  assert_throws_js(TypeError, () => btoa(Symbol("x")));
  const mine = new Error("mine");
  assert_throws_exactly(mine, () => atob({ toString() { throw mine; } }));
}, "there and back");

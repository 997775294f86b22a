// URLPattern, by the URL Pattern standard.

const components = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

// What a pattern is written as: [arguments, components other than "*", or null when it is refused].
for (const [args, want] of [
  [[], {}],
  [[{}], {}],
  [[undefined], {}],
  [[null], {}],
  [[{ pathname: "/a/:b" }], { pathname: "/a/:b" }],
  [[{ protocol: "http{s}?:" }], { protocol: "http{s}?" }],
  [[{ search: "?a=:b", hash: "#c" }], { search: "a=:b", hash: "c" }],
  [["https://example.com/a/*"], { protocol: "https", hostname: "example.com", port: "", pathname: "/a/*" }],
  [["https://example.com"], { protocol: "https", hostname: "example.com", port: "" }],
  [["https://example.com/"], { protocol: "https", hostname: "example.com", port: "", pathname: "/" }],
  [["https://example.com?q"], { protocol: "https", hostname: "example.com", port: "", pathname: "/", search: "q" }],
  [["https://example.com#h"], { protocol: "https", hostname: "example.com", port: "", pathname: "/", search: "", hash: "h" }],
  [["https://example.com:8443/"], { protocol: "https", hostname: "example.com", port: "8443", pathname: "/" }],
  [["https://example.com:443/"], { protocol: "https", hostname: "example.com", port: "", pathname: "/" }],
  [["http{s}?://{*.}?example.com/:p"], { protocol: "http{s}?", hostname: "{*.}?example.com", port: "", pathname: "/:p" }],
  [["https://u\\:p@example.com/"], { protocol: "https", username: "u", password: "p", hostname: "example.com", port: "", pathname: "/" }],
  [["https://:u::p@example.com/"], { protocol: "https", username: ":u", password: ":p", hostname: "example.com", port: "", pathname: "/" }],
  [["data\\:a,:b"], { protocol: "data", hostname: "", port: "", pathname: "a,:b" }],
  [["data:a"], null],
  [["foo://a"], { protocol: "foo", hostname: "a", port: "" }],
  [["http://[\\:\\:1]/"], { protocol: "http", hostname: "[\\:\\:1]", port: "", pathname: "/" }],
  [["http://[:a]:80/"], { protocol: "http", hostname: "[:a]", port: "", pathname: "/" }],
  [["/a"], null],
  [["/a", "https://example.com/b?c#d"], { protocol: "https", hostname: "example.com", port: "", pathname: "/a" }],
  [["a", "https://example.com/b/c"], { protocol: "https", hostname: "example.com", port: "", pathname: "/b/a" }],
  [["?q", "https://example.com/b?c#d"], { protocol: "https", hostname: "example.com", port: "", pathname: "/b", search: "q" }],
  [["#h", "https://example.com/b?c#d"], { protocol: "https", hostname: "example.com", port: "", pathname: "/b", search: "c", hash: "h" }],
  [["", "https://u:p@example.com/a/b?c#d"], { protocol: "https", hostname: "example.com", port: "", pathname: "/a/" }],
  [["//other/", "https://example.com/"], { protocol: "https", hostname: "example.com", port: "", pathname: "//other/" }],
  [["/a", ""], null],
  [["/a", "nonsense"], null],
  [["/a", null], null],
  [["https://h/", "https://other/", undefined], { protocol: "https", hostname: "h", port: "", pathname: "/" }],
  [[{ pathname: "/a" }, "https://h/"], null],
  [[{ pathname: "/a", baseURL: "https://h:8/b?c" }], { protocol: "https", hostname: "h", port: "8", pathname: "/a" }],
  [[{ pathname: "a", baseURL: "https://h/b/c?d" }], { protocol: "https", hostname: "h", port: "", pathname: "/b/a" }],
  [[{ search: "x", baseURL: "https://h/b?d#e" }], { protocol: "https", hostname: "h", port: "", pathname: "/b", search: "x" }],
  [[{ hostname: "x", baseURL: "https://h/b?d#e" }], { protocol: "https", hostname: "x" }],
  [[{ baseURL: "https://h/(a)*?b+c" }], { protocol: "https", hostname: "h", port: "", pathname: "/\\(a\\)\\*", search: "b\\+c", hash: "" }],
  [[{ baseURL: "" }], null],
  [[{ pathname: "/\u00fc \"" }], { pathname: "/%C3%BC%20%22" }],
  [[{ pathname: "/a/../b" }], { pathname: "/b" }],
  [[{ pathname: "./a" }], { pathname: "./a" }],
  [[{ protocol: "data", pathname: "a b/../c" }], { protocol: "data", pathname: "a b/../c" }],
  [[{ protocol: "HTTPS" }], { protocol: "https" }],
  [[{ protocol: "a b" }], null],
  [[{ protocol: "caf\u00e9" }], null],
  [[{ hostname: "B\u00dccher.example" }], { hostname: "xn--bcher-kva.example" }],
  [[{ hostname: "a b" }], null],
  [[{ hostname: "a\\:b" }], null],
  [[{ hostname: "a@b" }], null],
  [[{ hostname: "a<b" }], null],
  [[{ hostname: "a/b" }], { hostname: "a" }],
  [[{ hostname: "a\nb" }], { hostname: "ab" }],
  [[{ hostname: "dummy.invalid" }], { hostname: "dummy.invalid" }],
  [[{ hostname: "[\\:\\:AB\\::n]" }], { hostname: "[\\:\\:ab\\::n]" }],
  [[{ hostname: "{[\\:\\:xy]}" }], null],
  [[{ port: "80" }], { port: "80" }],
  [[{ port: "8\t0" }], { port: "80" }],
  [[{ port: "80x" }], { port: "80" }],
  [[{ port: "x" }], null],
  [[{ port: "65536" }], null],
  [[{ port: "1" }], { port: "1" }],
  [[{ protocol: "http", port: "80" }], { protocol: "http", port: "" }],
  [[{ protocol: "https", port: "80" }], { protocol: "https", port: "80" }],
  [[{ username: "a@b", password: "c:d" }], { username: "a%40b", password: "c:d" }],
  [[{ username: "a@b", password: "c\\:d" }], { username: "a%40b", password: "c%3Ad" }],
  [[{ search: "\u00fc'" }], { search: "%C3%BC%27" }],
  [[{ hash: "\u00fc`" }], { hash: "%C3%BC%60" }],
  // How groups are written.
  [[{ pathname: "/(.*)" }], { pathname: "/*" }],
  [[{ pathname: "/{*}" }], { pathname: "/{*}" }],
  [[{ pathname: "/([^\\/]+?)" }], { pathname: "/([^\\/]+?)" }],
  [[{ pathname: "/:a([^\\/]+?)" }], { pathname: "/:a" }],
  [[{ pathname: "/:a(.*)" }], { pathname: "/:a(.*)" }],
  [[{ pathname: "/{a}b" }], { pathname: "/ab" }],
  [[{ pathname: "/{a}?" }], { pathname: "/{a}?" }],
  [[{ pathname: "{/a}*" }], { pathname: "{/a}*" }],
  [[{ pathname: "/:a\\b" }], { pathname: "{/:a}b" }],
  [[{ pathname: ":a{}b" }], { pathname: "{:a}b" }],
  [[{ pathname: "{:a}(.*)" }], { pathname: "{:a}(.*)" }],
  [[{ pathname: "{:a}{(.*)b}" }], { pathname: ":a{*b}" }],
  [[{ pathname: "{:a\\.b}" }], { pathname: "{:a.b}" }],
  [[{ pathname: "{:a\\b}" }], { pathname: "{:a\\b}" }],
  [[{ pathname: "*\\/*" }], { pathname: "*/{*}" }],
  [[{ pathname: "*{}**?" }], { pathname: "*(.*)?" }],
  [[{ pathname: "(a)?(.*)" }], { pathname: "(a)?*" }],
  [[{ pathname: "/\\*\\?" }], { pathname: "/\\*%3F" }],
  [[{ pathname: "/:\u00fc\u{10400}" }], { pathname: "/:\u00fc\u{10400}" }],
  // What is no pattern.
  [[{ pathname: "/:a/:a" }], null],
  [[{ pathname: "(" }], null],
  [[{ pathname: "()" }], null],
  [[{ pathname: "(?a)" }], null],
  [[{ pathname: "(a(b))" }], null],
  [[{ pathname: "(a(?:b))" }], { pathname: "(a(?:b))" }],
  [[{ pathname: "(a(?=b))" }], { pathname: "(a(?=b))" }],
  [[{ pathname: "(\\" }], null],
  [[{ pathname: "(a\\)" }], null],
  [[{ pathname: "(\u00fc)" }], null],
  [[{ pathname: "([[a--b]])" }], { pathname: "([[a--b]])" }],
  [[{ pathname: "([a&&&b])" }], null],
  [[{ pathname: "{a" }], null],
  [[{ pathname: "a}" }], null],
  [[{ pathname: "{{a}}" }], null],
  [[{ pathname: "a+" }], null],
  [[{ pathname: "/:" }], null],
  [[{ pathname: "\\" }], null],
  [[Symbol("x")], null],
  [[{ pathname: Symbol("x") }], null],
  [[{}, 5], null],
  [[{}, { ignoreCase: true }], {}],
  [[{}, null], {}],
  [["https://h/", { ignoreCase: 1 }], { protocol: "https", hostname: "h", port: "", pathname: "/" }],
]) {
  const shown = (() => { try { return JSON.stringify(args); } catch { return "?"; } })();
  test(() => {
    if (want === null) {
      assert_throws_js(TypeError, () => new URLPattern(...args));
      return;
    }
    const p = new URLPattern(...args);
    for (const c of components) assert_equals(p[c], want[c] ?? "*", c);
    assert_true(p.test === URLPattern.prototype.test);
    const again = new URLPattern(Object.fromEntries(components.map((c) => [c, p[c]])));
    for (const c of components) assert_equals(again[c], p[c], `${c}, written and read`);
  }, `the pattern ${shown}`);
}

// What matches: [pattern's arguments, input's, the groups of the components that are named, or null].
for (const [pattern, input, want] of [
  [[{ pathname: "/a/:b" }], [{ pathname: "/a/c" }], { pathname: { b: "c" } }],
  [[{ pathname: "/a/:b" }], [{ pathname: "/a/" }], null],
  [[{ pathname: "/a/:b" }], [{ pathname: "/a/c/d" }], null],
  [[{ pathname: "/a/:b" }], ["https://example.com/a/c?d#e"], { pathname: { b: "c" }, hostname: { 0: "example.com" }, search: { 0: "d" }, hash: { 0: "e" } }],
  [[{ pathname: "/a/:b" }], ["c", "https://example.com/a/"], { pathname: { b: "c" } }],
  [[{ pathname: "/a/:b" }], [new URL("https://h/a/x")], { pathname: { b: "x" } }],
  [[{ pathname: "/a/:b?" }], [{ pathname: "/a" }], { pathname: { b: undefined } }],
  [[{ pathname: "/a/:b?" }], [{ pathname: "/a/" }], null],
  [[{ pathname: "/a/:b+" }], [{ pathname: "/a/c/d" }], { pathname: { b: "c/d" } }],
  [[{ pathname: "/a/:b+" }], [{ pathname: "/a" }], null],
  [[{ pathname: "/a/:b*" }], [{ pathname: "/a" }], { pathname: { b: undefined } }],
  [[{ pathname: "/a/*" }], [{ pathname: "/a/b/c" }], { pathname: { 0: "b/c" } }],
  [[{ pathname: "/a/*" }], [{ pathname: "/a" }], null],
  [[{ pathname: "/a/(\\d+)" }], [{ pathname: "/a/12" }], { pathname: { 0: "12" } }],
  [[{ pathname: "/a/(\\d+)" }], [{ pathname: "/a/x" }], null],
  [[{ pathname: "/:a(\\d+)-:b(\\w+)" }], [{ pathname: "/1-x" }], { pathname: { a: "1", b: "x" } }],
  [[{ pathname: "{/a}*" }], [{ pathname: "/a/a/a" }], { pathname: {} }],
  [[{ pathname: "{/:a-x}+" }], [{ pathname: "/1-x/2-x" }], { pathname: { a: "1-x/2" } }],
  [[{ pathname: "/:\u00fc" }], [{ pathname: "/x" }], { pathname: { "\u00fc": "x" } }],
  [[{ pathname: "/\u00fc" }], [{ pathname: "/\u00fc" }], { pathname: {} }],
  [[{ pathname: "/A" }], [{ pathname: "/a" }], null],
  [[{ pathname: "/A" }, { ignoreCase: true }], [{ pathname: "/a" }], { pathname: {} }],
  [[{ search: "Q", hash: "H" }, { ignoreCase: true }], ["https://h/?q#h"], { search: {}, hash: {} }],
  [["https://{*.}?example.com/*"], ["https://a.b.example.com/x"], { hostname: { 0: "a.b" }, pathname: { 0: "x" } }],
  [["https://{*.}?example.com/*"], ["https://example.com/"], { hostname: { 0: undefined }, pathname: { 0: "" } }],
  [["https://{*.}?example.com/*"], ["https://badexample.com/"], null],
  [["https://:sub.example.com/"], ["https://a.example.com/"], { hostname: { sub: "a" } }],
  [["https://:sub.example.com/"], ["https://a.b.example.com/"], null],
  [["https://example.com/"], ["https://example.com:443/"], { port: {} }],
  [["https://example.com/"], ["https://example.com:444/"], null],
  [["https://example.com:*/"], ["https://example.com:444/"], { port: { 0: "444" } }],
  [["http{s}?://h/"], ["http://h/"], { protocol: {} }],
  [["http{s}?://h/"], ["ws://h/"], null],
  [["data\\:a,:b"], ["data:a,xyz/w"], { pathname: { b: "xyz/w" } }],
  [[{ protocol: "https" }], [{ protocol: "https:" }], { protocol: {} }],
  [[{ search: "a=:b" }], [{ search: "?a=1" }], { search: { b: "1" } }],
  [[{ hash: ":x" }], [{ hash: "#1" }], { hash: { x: "1" } }],
  [[{ pathname: "/b/a" }], [{ pathname: "a", baseURL: "https://h/b/c" }], { pathname: {} }],
  [[{ pathname: "/x", search: "" }], [{ pathname: "/x", baseURL: "https://h/b?c" }], { pathname: {}, search: {} }],
  [[{}], ["nonsense"], null],
  [[{}], ["a", "nonsense"], null],
  [[{}], [{ baseURL: "nonsense" }], null],
  [[{}], [{ protocol: "a b" }], null],
  [[{}], [{ hostname: "a b" }], null],
  [[{}], [{ port: "x" }], null],
  [[{}], [], { pathname: { 0: "" } }],
  [[{}], [undefined], { protocol: { 0: "" } }],
  [[{ username: ":u", password: ":p" }], ["https://a:b@h/"], { username: { u: "a" }, password: { p: "b" } }],
  [[{ hostname: "[\\:\\::n]" }], ["http://[::1]/"], { hostname: { n: "1" } }],
  [[{ pathname: "/:__proto__" }], [{ pathname: "/x" }], { pathname: { ["__proto__"]: "x" } }],
]) {
  test(() => {
    const p = new URLPattern(...pattern);
    const m = p.exec(...input);
    assert_equals(p.test(...input), want !== null, "test");
    if (want === null) {
      assert_equals(m, null);
      return;
    }
    assert_not_equals(m, null);
    assert_equals(m.inputs.length, Math.max(input.length, 1));
    for (const c of components) assert_equals(typeof m[c].input, "string");
    for (const c in want) {
      assert_array_equals(Object.keys(m[c].groups), Object.keys(want[c]), `the groups of ${c}`);
      for (const k of Object.keys(want[c])) assert_equals(m[c].groups[k], want[c][k], `${c}.${k}`);
    }
  }, `${JSON.stringify(pattern)} and ${JSON.stringify(input)}`);
}

test(() => {
  const p = new URLPattern({ pathname: "/:a" });
  assert_throws_js(TypeError, () => p.test({}, "https://h/"));
  assert_throws_js(TypeError, () => p.exec({}, "https://h/"));
  assert_throws_js(TypeError, () => p.test(Symbol("x")));
  assert_throws_js(TypeError, () => URLPattern({}));
  assert_throws_js(TypeError, () => URLPattern.prototype.test.call({}));
  const m = p.exec("https://h/x?y#z", "https://unused/");
  assert_array_equals(m.inputs, ["https://h/x?y#z", "https://unused/"]);
  assert_object_equals(m.pathname, { input: "/x", groups: { a: "x" } });
  assert_array_equals(Object.keys(m), ["inputs", ...components]);
  assert_object_equals(p.exec({ pathname: "/q", search: "?r" }).inputs[0], { pathname: "/q", search: "?r" });
}, "what exec gives and refuses");

test(() => {
  assert_false(new URLPattern({ pathname: "/:a/*" }).hasRegExpGroups);
  assert_false(new URLPattern({ pathname: "/(.*)" }).hasRegExpGroups);
  for (const c of ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"]) {
    assert_true(new URLPattern({ [c]: c === "port" ? "(\\d)" : "(a)" }).hasRegExpGroups, c);
  }
  assert_equals(Object.prototype.toString.call(new URLPattern()), "[object URLPattern]");
  assert_equals(URLPattern.length, 0);
  const shape = Object.keys(URLPattern.prototype).sort().join();
  assert_equals(shape, "exec,hasRegExpGroups,hash,hostname,password,pathname,port,protocol,search,test,username");
}, "hasRegExpGroups and the shape of the class");

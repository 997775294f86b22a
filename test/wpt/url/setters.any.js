// How the members of a URL are set, by "API" and "URL parsing" with a state
// override of the URL standard.

// member: [URL, value, what the URL is then].
const table = {
  href: [
    ["http://h/", "https://x/y?z#w", "https://x/y?z#w"],
    ["http://h/", " HTTP://X ", "http://x/"],
  ],
  protocol: [
    ["http://h/", "https", "https://h/"],
    ["http://h/", "https:", "https://h/"],
    ["http://h/", "https:foo", "https://h/"],
    ["http://h/", "WSS", "wss://h/"],
    ["http://h/", "", "http://h/"],
    ["http://h/", "1a", "http://h/"],
    ["http://h/", "a b", "http://h/"],
    ["http://h/", "foo", "http://h/"],
    ["foo://h/", "http", "foo://h/"],
    ["foo://h/", "bar", "bar://h/"],
    ["foo:x", "b+a-r.1", "b+a-r.1:x"],
    ["https://h:443/", "http", "http://h/"],
    ["https://h:80/", "http", "http://h/"],
    ["https://u@h/", "file", "https://u@h/"],
    ["https://h:1/", "file", "https://h:1/"],
    ["file:///x", "http", "file:///x"],
    ["file://h/x", "http", "http://h/x"],
    ["http://h/", "ht\ntps", "https://h/"],
    ["http://h/", "https\u0000", "http://h/"],
  ],
  username: [
    ["http://h/", "me", "http://me@h/"],
    ["http://u:p@h/", "", "http://:p@h/"],
    ["http://h/", "a:@/\u00fc%zz'~", "http://a%3A%40%2F%C3%BC%zz'~@h/"],
    ["foo://h/", "me", "foo://me@h/"],
    ["file:///x", "me", "file:///x"],
    ["mailto:x", "me", "mailto:x"],
    ["foo:///x", "me", "foo:///x"],
  ],
  password: [
    ["http://h/", "s", "http://:s@h/"],
    ["http://u:p@h/", "", "http://u@h/"],
    ["http://u@h/", "a:b@", "http://u:a%3Ab%40@h/"],
    ["file:///x", "s", "file:///x"],
    ["mailto:x", "s", "mailto:x"],
  ],
  host: [
    ["http://h/x", "y", "http://y/x"],
    ["http://h/x", "y:81", "http://y:81/x"],
    ["http://h:81/x", "y", "http://y:81/x"],
    ["http://h:81/x", "y:", "http://y:81/x"],
    ["http://h/x", "y:80", "http://y/x"],
    ["http://h/x", "y:99999", "http://y/x"],
    ["http://h/x", "y:8z", "http://y:8/x"],
    ["http://h/x", "y/z?a#b", "http://y/x"],
    ["http://h/x", "y\\z", "http://y/x"],
    ["http://h/x", "", "http://h/x"],
    ["http://h/x", "a b", "http://h/x"],
    ["http://h/x", "u@y", "http://h/x"],
    ["http://h/x", "127.1", "http://127.0.0.1/x"],
    ["http://h/x", "[::0:1]:2", "http://[::1]:2/x"],
    ["http://h/x", "[::0:1", "http://h/x"],
    ["http://h/x", "B\u00fccher", "http://xn--bcher-kva/x"],
    ["foo://h/x", "", "foo:///x"],
    ["foo://h/x", "Y%41", "foo://Y%41/x"],
    ["foo://u@h/x", "", "foo://u@h/x"],
    ["foo:/x", "y", "foo://y/x"],
    ["foo:x", "y", "foo:x"],
    ["file:///x", "y", "file://y/x"],
    ["file://h/x", "", "file:///x"],
    ["file://h/x", "localhost", "file:///x"],
    ["file://h/x", "y:80", "file://h/x"],
  ],
  hostname: [
    ["http://h:81/x", "y", "http://y:81/x"],
    ["http://h:81/x", "y:82", "http://h:81/x"],
    ["http://h:81/x", "y/z", "http://y:81/x"],
    ["http://h/x", "", "http://h/x"],
    ["http://h/x", "0x7f.1", "http://127.0.0.1/x"],
    ["http://h/x", "[::1]", "http://[::1]/x"],
    ["foo:x", "y", "foo:x"],
    ["foo://h:81/x", "", "foo://h:81/x"],
    ["foo:/x", "y", "foo://y/x"],
    ["foo:/.//p", "h", "foo://h//p"],
  ],
  port: [
    ["http://h/", "81", "http://h:81/"],
    ["http://h:81/", "", "http://h/"],
    ["http://h:81/", "80", "http://h/"],
    ["http://h:81/", "65536", "http://h:81/"],
    ["http://h:81/", "65535", "http://h:65535/"],
    ["http://h:81/", "82/x", "http://h:82/"],
    ["http://h:81/", "8z", "http://h:8/"],
    ["http://h:81/", "z8", "http://h:81/"],
    ["http://h:81/", "-1", "http://h:81/"],
    ["http://h:81/", "0090", "http://h:90/"],
    ["http://h:81/", " 9", "http://h:81/"],
    ["http://h:81/", "\t9\n0", "http://h:90/"],
    ["http://h/", 82, "http://h:82/"],
    ["file:///", "1", "file:///"],
    ["foo:x", "1", "foo:x"],
    ["foo:///x", "1", "foo:///x"],
    ["foo://h/", "80", "foo://h:80/"],
  ],
  pathname: [
    ["http://h/a?b#c", "d", "http://h/d?b#c"],
    ["http://h/a", "/d/../e/./f", "http://h/e/f"],
    ["http://h/a", "", "http://h/"],
    ["http://h/a", "?#", "http://h/%3F%23"],
    ["http://h/a", "\\x", "http://h/x"],
    ["http://h/a", " \u00fc\"<>`{}^", "http://h/%20%C3%BC%22%3C%3E%60%7B%7D%5E"],
    ["http://h/a", "//b", "http://h//b"],
    ["foo:a", "b", "foo:a"],
    ["foo:/a", "//b", "foo:/.//b"],
    ["foo:/a", "", "foo:/"],
    ["foo://h/a", "", "foo://h"],
    ["foo://h/a", "\\x", "foo://h/\\x"],
    ["file:///C:/x", "/..", "file:///"],
    ["file:///x", "C|/y", "file:///C:/y"],
  ],
  search: [
    ["http://h/?a#b", "c", "http://h/?c#b"],
    ["http://h/?a#b", "?c", "http://h/?c#b"],
    ["http://h/?a#b", "??c", "http://h/??c#b"],
    ["http://h/?a#b", "", "http://h/#b"],
    ["http://h/?a#b", "?", "http://h/?#b"],
    ["http://h/", "a b#'\"<>\u00fc", "http://h/?a%20b%23%27%22%3C%3E%C3%BC"],
    ["foo://h/", "a'b", "foo://h/?a'b"],
    ["foo:x?a", "", "foo:x"],
    ["data:space    ?a", "", "data:space   %20"],
    ["data:space    ?a#b", "", "data:space   %20#b"],
  ],
  hash: [
    ["http://h/#a", "b", "http://h/#b"],
    ["http://h/#a", "#b", "http://h/#b"],
    ["http://h/#a", "##b", "http://h/##b"],
    ["http://h/#a", "", "http://h/"],
    ["http://h/#a", "#", "http://h/#"],
    ["http://h/", "a b\"<>`\u00fc{}", "http://h/#a%20b%22%3C%3E%60%C3%BC{}"],
    ["javascript:x", "y", "javascript:x#y"],
    ["data:space    #a", "", "data:space   %20"],
  ],
};

for (const member in table) {
  for (const [href, value, want] of table[member]) {
    test(() => {
      const u = new URL(href);
      u[member] = value;
      assert_equals(u.href, want);
      assert_equals(new URL(u.href).href, want, "it parses as itself");
    }, `<${href}>.${member} = ${JSON.stringify(value)}`);
  }
}

test(() => {
  const u = new URL("http://h/a?b#c");
  assert_throws_js(TypeError, () => (u.href = "nonsense"));
  assert_throws_js(TypeError, () => (u.href = ""));
  assert_throws_js(TypeError, () => (u.host = Symbol("x")));
  assert_equals(u.href, "http://h/a?b#c");
}, "href alone refuses what is no URL");

// How texts become URLs, by "URL parsing" of the URL standard: what is left of
// many spellings, with and without a base, and what is none.

const members = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];

// [text, base, the URL that comes of it, or null].
const rows = [
  // Schemes.
  ["http://example.com", null, "http://example.com/"],
  ["HTTP://EXAMPLE.com/PATH", null, "http://example.com/PATH"],
  ["h+t-t.p1://x/", null, "h+t-t.p1://x/"],
  ["1http://x/", null, null],
  ["+http://x/", null, null],
  ["http", null, null],
  [":", null, null],
  [":a", "http://h/b/c", "http://h/b/:a"],
  ["http:", null, null],
  ["http:", "http://h/b?q", "http://h/b?q"],
  ["http:x", "http://h/b/c", "http://h/b/x"],
  ["https:x", "http://h/b/c", "https://x/"],
  ["http:/x", "http://h/b/c", "http://h/x"],
  ["http:/x", null, "http://x/"],
  ["http:\\x", null, "http://x/"],
  ["http:///x", null, "http://x/"],
  ["http:\\\\\\x\\y", null, "http://x/y"],
  ["non-special:\\x", null, "non-special:\\x"],
  ["javascript:alert(1) ", null, "javascript:alert(1)"],
  ["data:text/html,a b", null, "data:text/html,a b"],
  ["mailto:a@b?subject=x y", null, "mailto:a@b?subject=x%20y"],
  // White space and controls.
  ["  http://example.com/ \u001f", null, "http://example.com/"],
  ["ht\ntp://exa\tmple.c\rom/a\nb", null, "http://example.com/ab"],
  ["http://example.com/a b", null, "http://example.com/a%20b"],
  ["http://example.com/\u0000\u0001\u007f", null, "http://example.com/%00%01%7F"],
  ["", null, null],
  ["", "http://h/b?q#f", "http://h/b?q"],
  ["   ", "http://h/b?q#f", "http://h/b?q"],
  ["#", "http://h/b?q#f", "http://h/b?q#"],
  ["?", "http://h/b?q#f", "http://h/b?"],
  // User names and passwords.
  ["http://u:p@h/", null, "http://u:p@h/"],
  ["http://u:@h/", null, "http://u@h/"],
  ["http://:p@h/", null, "http://:p@h/"],
  ["http://@h/", null, "http://h/"],
  ["http://:@h/", null, "http://h/"],
  ["http://u:p@", null, null],
  ["http://a@b@c/", null, "http://a%40b@c/"],
  ["http://a:b:c@h/", null, "http://a:b%3Ac@h/"],
  ["http://a b;=:|[]^{}<>`\"'@h/", null, "http://a%20b%3B%3D:%7C%5B%5D%5E%7B%7D%3C%3E%60%22'@h/"],
  ["http://u/:@h/", null, "http://u/:@h/"],
  ["non-special://u@/", null, null],
  // Hosts.
  ["http://EXAMPLE.COM./", null, "http://example.com./"],
  ["http://ex%41mple.com/", null, "http://example.com/"],
  ["http://ex%2fample.com/", null, null],
  ["http://a%00b/", null, null],
  ["http://a b/", null, null],
  ["http://a<b/", null, null],
  ["http://a>b/", null, null],
  ["http://a^b/", null, null],
  ["http://a|b/", null, null],
  ["http://a%b/", null, null],
  ["http://a]b/", null, null],
  ["http://a_b~c!$&'()*+,;=/", null, "http://a_b~c!$&'()*+,;=/"],
  ["http://\u00ad/", null, null],
  ["http://xn--/", null, null],
  ["http://xn--a/", null, null],
  ["http://b\u00fccher.example/", null, "http://xn--bcher-kva.example/"],
  ["http://B\u00dcCHER.example/", null, "http://xn--bcher-kva.example/"],
  ["http://fa\u00df.example/", null, "http://xn--fa-hia.example/"],
  ["http://\u2603.net/", null, "http://xn--n3h.net/"],
  ["http://\uff27\uff4f.com/", null, "http://go.com/"],
  ["http://a\u3002b/", null, "http://a.b/"],
  ["http://a.b-/", null, "http://a.b-/"],
  ["http://a..b/", null, "http://a..b/"],
  ["foo://EXAMPLE%41/", null, "foo://EXAMPLE%41/"],
  ["foo://\u2603/", null, "foo://%E2%98%83/"],
  ["foo://a b/", null, null],
  ["foo://a^b/", null, null],
  ["foo:///x", null, "foo:///x"],
  ["foo://", null, "foo://"],
  ["foo:", null, "foo:"],
  ["foo:/", null, "foo:/"],
  // IPv4.
  ["http://127.0.0.1/", null, "http://127.0.0.1/"],
  ["http://127.1/", null, "http://127.0.0.1/"],
  ["http://127.0x1/", null, "http://127.0.0.1/"],
  ["http://0x7f000001/", null, "http://127.0.0.1/"],
  ["http://017700000001/", null, "http://127.0.0.1/"],
  ["http://2130706433/", null, "http://127.0.0.1/"],
  ["http://0/", null, "http://0.0.0.0/"],
  ["http://0x/", null, "http://0.0.0.0/"],
  ["http://1.2.3.4./", null, "http://1.2.3.4/"],
  ["http://1.2.65535/", null, "http://1.2.255.255/"],
  ["http://1.2.65536/", null, null],
  ["http://256/", null, "http://0.0.1.0/"],
  ["http://4294967295/", null, "http://255.255.255.255/"],
  ["http://4294967296/", null, null],
  ["http://256.0.0.1/", null, null],
  ["http://1.2.3.4.5/", null, null],
  ["http://1.2.3.08/", null, null],
  ["http://a.1/", null, null],
  ["http://a.0x1/", null, null],
  ["http://1.2.3.4x/", null, "http://1.2.3.4x/"],
  ["http://1..2/", null, null],
  ["http://\uff11\uff12\uff17.1/", null, "http://127.0.0.1/"],
  ["foo://127.1/", null, "foo://127.1/"],
  // IPv6.
  ["http://[::1]/", null, "http://[::1]/"],
  ["http://[::]/", null, "http://[::]/"],
  ["http://[1:2:3:4:5:6:7:8]/", null, "http://[1:2:3:4:5:6:7:8]/"],
  ["http://[1:0:0:2:0:0:0:3]/", null, "http://[1:0:0:2::3]/"],
  ["http://[1:0:2:3:4:5:6:7]/", null, "http://[1:0:2:3:4:5:6:7]/"],
  ["http://[2001:DB8::00AB]/", null, "http://[2001:db8::ab]/"],
  ["http://[::127.0.0.1]/", null, "http://[::7f00:1]/"],
  ["http://[::ffff:127.0.0.1]:80/", null, "http://[::ffff:7f00:1]/"],
  ["http://[::127.0.0.1.]/", null, null],
  ["http://[::127.0.0]/", null, null],
  ["http://[::127.0.0.256]/", null, null],
  ["http://[::01.2.3.4]/", null, null],
  ["http://[1::2::3]/", null, null],
  ["http://[1:2:3:4:5:6:7:8:9]/", null, null],
  ["http://[1:2:3]/", null, null],
  ["http://[:1]/", null, null],
  ["http://[1:]/", null, null],
  ["http://[12345::]/", null, null],
  ["http://[::g]/", null, null],
  ["http://[::1%25eth0]/", null, null],
  ["http://[::1", null, null],
  ["http://::1]/", null, null],
  ["foo://[::1]/", null, "foo://[::1]/"],
  // Ports.
  ["http://h:80/", null, "http://h/"],
  ["https://h:80/", null, "https://h:80/"],
  ["https://h:443/", null, "https://h/"],
  ["ws://h:80/", null, "ws://h/"],
  ["wss://h:443/", null, "wss://h/"],
  ["ftp://h:21/", null, "ftp://h/"],
  ["foo://h:80/", null, "foo://h:80/"],
  ["http://h:/", null, "http://h/"],
  ["http://h:0/", null, "http://h:0/"],
  ["http://h:00000000000080/", null, "http://h/"],
  ["http://h:65535/", null, "http://h:65535/"],
  ["http://h:65536/", null, null],
  ["http://h:8a/", null, null],
  ["http://h:-80/", null, null],
  ["http://h:\uff18/", null, null],
  ["http://h:8\t0/", null, "http://h/"],
  ["http://:80/", null, null],
  // Paths.
  ["http://h/a/./b/../c", null, "http://h/a/c"],
  ["http://h/..", null, "http://h/"],
  ["http://h/a/..", null, "http://h/"],
  ["http://h/a/b/..", null, "http://h/a/"],
  ["http://h/a/.", null, "http://h/a/"],
  ["http://h/a/%2e/b/%2E%2e/c", null, "http://h/a/c"],
  ["http://h/.%2e/a", null, "http://h/a"],
  ["http://h/a/...", null, "http://h/a/..."],
  ["http://h//a//b//", null, "http://h//a//b//"],
  ["http://h/a\\b", null, "http://h/a/b"],
  ["foo://h/a\\b/../c", null, "foo://h/c"],
  ["foo:/a/../b", null, "foo:/b"],
  ["foo:/..//p", null, "foo:/.//p"],
  ["foo:a/../b", null, "foo:a/../b"],
  ["foo:a  ?b", null, "foo:a %20?b"],
  ["foo:a  #", null, "foo:a %20#"],
  ["foo:a  ", null, "foo:a"],
  ["foo:a b?c d#e f", null, "foo:a b?c%20d#e%20f"],
  ["http://h/\u00fc\ud83d\ude00", null, "http://h/%C3%BC%F0%9F%98%80"],
  ["http://h/\ud800x", null, "http://h/%EF%BF%BDx"],
  ["http://h/ \"#", null, "http://h/%20%22#"],
  ["http://h/<>`{}^|[]'~!$&()*+,;=:@%zz", null, "http://h/%3C%3E%60%7B%7D%5E|[]'~!$&()*+,;=:@%zz"],
  // Queries and fragments.
  ["http://h/?a b\"<>'`{}|^", null, "http://h/?a%20b%22%3C%3E%27`{}|^"],
  ["foo://h/?a'b", null, "foo://h/?a'b"],
  ["http://h/?\u00fc#\u00fc", null, "http://h/?%C3%BC#%C3%BC"],
  ["http://h/?a?b#c#d?e", null, "http://h/?a?b#c#d?e"],
  ["http://h/# \"<>`{}'|^", null, "http://h/#%20%22%3C%3E%60{}'|^"],
  ["http://h?q", null, "http://h/?q"],
  ["http://h#f", null, "http://h/#f"],
  ["http://h/%zz?%zz#%zz", null, "http://h/%zz?%zz#%zz"],
  // Relative to a base.
  ["x", "http://h/a/b", "http://h/a/x"],
  ["x/", "http://h/a/b", "http://h/a/x/"],
  ["./x", "http://h/a/b", "http://h/a/x"],
  ["../x", "http://h/a/b/c", "http://h/a/x"],
  ["../../../x", "http://h/a/b", "http://h/x"],
  ["..", "http://h/a/b/c", "http://h/a/"],
  ["/x", "http://u:p@h:81/a/b", "http://u:p@h:81/x"],
  ["//x", "https://h/a", "https://x/"],
  ["///x", "https://h/a", "https://x/"],
  ["\\x", "https://h/a", "https://h/x"],
  ["\\\\x\\y", "https://h/a", "https://x/y"],
  ["?x", "http://h/a?b#c", "http://h/a?x"],
  ["#x", "http://h/a?b#c", "http://h/a?b#x"],
  ["foo:x", "http://h/a", "foo:x"],
  ["x", "foo:bar", null],
  ["#x", "foo:bar", "foo:bar#x"],
  ["?x", "foo:bar", null],
  ["x", "foo:/a/b", "foo:/a/x"],
  ["//x", "foo:/a/b", "foo://x"],
  ["x", "data:,y", null],
  ["x", "about:blank", null],
  ["x", "nonsense", null],
  ["http://h/", "nonsense", null],
  // Files.
  ["file:", null, "file:///"],
  ["file:x", null, "file:///x"],
  ["file:///a/../b", null, "file:///b"],
  ["file://localhost/a", null, "file:///a"],
  ["file://h/a", null, "file://h/a"],
  ["file:c:\\d\\..\\e", null, "file:///c:/e"],
  ["file:///C|/x", null, "file:///C:/x"],
  ["file:///C:/..", null, "file:///C:/"],
  ["/x", "file:///C:/a/b", "file:///C:/x"],
  ["x", "file:///C:/a/b", "file:///C:/a/x"],
  ["//h/x", "file:///C:/a/b", "file://h/x"],
  ["D:/x", "file:///C:/a", "d:/x"],
  ["file:D|x", null, "file:///D|x"],
  ["file://h:80/", null, null],
  ["file:///?q#f", null, "file:///?q#f"],
];

for (const [input, base, want] of rows) {
  test(() => {
    const make = () => (base === null ? new URL(input) : new URL(input, base));
    assert_equals(base === null ? URL.canParse(input) : URL.canParse(input, base), want !== null, "canParse");
    const parsed = base === null ? URL.parse(input) : URL.parse(input, base);
    if (want === null) {
      assert_throws_js(TypeError, make);
      assert_equals(parsed, null, "parse");
      return;
    }
    const u = make();
    assert_equals(u.href, want);
    assert_equals(parsed.href, want, "parse");
    assert_equals(String(u), want, "toString");
    assert_equals(JSON.stringify(u), JSON.stringify(want), "toJSON");
    assert_equals(new URL(u).href, want, "once more");
  }, `<${input}>${base === null ? "" : ` on <${base}>`}`);
}

test(() => {
  const u = new URL("https://u:p@\u00fc.example:8443/a/b?c=d&e#f");
  const want = ["https://u:p@xn--tda.example:8443/a/b?c=d&e#f", "https://xn--tda.example:8443", "https:", "u", "p", "xn--tda.example:8443", "xn--tda.example", "8443", "/a/b", "?c=d&e", "#f"];
  assert_array_equals(members.map((m) => u[m]), want);
  const bare = new URL("https://h");
  assert_array_equals(members.map((m) => bare[m]), ["https://h/", "https://h", "https:", "", "", "h", "h", "", "/", "", ""]);
  const empty = new URL("https://h/?#");
  assert_array_equals([empty.search, empty.hash, empty.href], ["", "", "https://h/?#"]);
}, "the members of a URL");

for (const [text, origin] of [
  ["http://h:80/x", "http://h"], ["https://h:444/", "https://h:444"], ["ws://h/", "ws://h"], ["wss://h/", "wss://h"], ["ftp://h/", "ftp://h"],
  ["file:///x", "null"], ["foo://h/", "null"], ["data:,x", "null"], ["about:blank", "null"], ["blob:https://h:1/2", "https://h:1"], ["blob:http://h/2", "http://h"],
  ["blob:ftp://h/2", "null"], ["blob:ws://h/2", "null"], ["blob:nonsense", "null"], ["blob:blob:http://h/", "null"], ["blob:file:///x", "null"],
]) {
  test(() => assert_equals(new URL(text).origin, origin), `the origin of <${text}>`);
}

test(() => {
  assert_throws_js(TypeError, () => new URL());
  assert_throws_js(TypeError, () => URL("http://h/"));
  assert_throws_js(TypeError, () => URL.canParse());
  assert_throws_js(TypeError, () => URL.parse());
  assert_throws_js(TypeError, () => new URL(Symbol("x")));
  assert_throws_js(TypeError, () => new URL(undefined));
  assert_throws_js(TypeError, () => new URL(null));
  assert_equals(new URL(undefined, "http://h/").href, "http://h/undefined");
  assert_equals(new URL({ toString: () => "http://h/x" }).href, "http://h/x");
  assert_equals(new URL("http://h/", undefined).href, "http://h/");
  assert_throws_js(TypeError, () => new URL("http://h/", ""));
  assert_throws_js(TypeError, () => new URL("http://h/", null));
  const e = new Error("mine");
  assert_throws_exactly(e, () => new URL({ toString() { throw e; } }));
}, "what the constructor takes");

test(() => {
  for (const k of [...members, "searchParams"]) {
    const d = Object.getOwnPropertyDescriptor(URL.prototype, k);
    assert_true(d.enumerable && d.configurable, k);
    assert_equals(typeof d.get, "function", k);
    assert_equals(d.set === undefined, k === "origin" || k === "searchParams", `${k} is set`);
    assert_throws_js(TypeError, () => d.get.call({}));
  }
  assert_equals(Object.prototype.toString.call(new URL("http://h")), "[object URL]");
  assert_equals(URL.length, 1);
  assert_equals(URL.prototype.toJSON.length, 0);
}, "the shape of the class");

test(() => {
  const u = new URL("http://h/?a");
  assert_equals(u.searchParams, u.searchParams, "it is always the same");
  const p = u.searchParams;
  assert_throws_js(TypeError, () => {
    "use strict";
    u.searchParams = new URLSearchParams();
  });
  assert_throws_js(TypeError, () => {
    "use strict";
    u.origin = "http://x";
  });
  u.href = "http://h/?b=1";
  assert_equals(u.searchParams, p);
  assert_equals(p.get("b"), "1");
}, "searchParams stays the same object");

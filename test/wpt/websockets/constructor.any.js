// META: title=new WebSocket(), by the WebSockets standard
const bad = (args, what) =>
  test(() => {
    assert_throws_dom("SyntaxError", () => new WebSocket(...args));
  }, what);

test(() => {
  assert_throws_js(TypeError, () => new WebSocket());
  assert_throws_js(TypeError, () => WebSocket("ws://example.com/"));
}, "arguments that are missing, and a call without new");

for (const url of ["", "/relative", "//example.com/", "ws:", "ws://", "ws://a b/", "ws://example.com:99999/", "wss://[::1", "example.com", "mailto:a@b", "ftp://example.com/", "file:///a", "data:,a", "about:blank", "blob:ws://example.com/x"]) {
  bad([url], `no URL for a WebSocket: ${url}`);
}
for (const url of ["ws://example.com/#a", "ws://example.com/#", "wss://example.com/?a#b", "http://example.com/#x"]) bad([url], `a fragment: ${url}`);
for (const p of ["", " ", "a b", "a,b", "a\tb", "a\nb", "a/b", "a:b", "a;b", "a=b", "a@b", "a(b", "a)b", "a<b", "a>b", "a[b", "a]b", "a{b", "a}b", "a\\b", 'a"b', "a?b", "\x00", "\x7f", "é", "漢"]) {
  bad(["ws://example.com/", p], `no subprotocol: ${JSON.stringify(p)}`);
  bad(["ws://example.com/", ["ok", p]], `no subprotocol in a list: ${JSON.stringify(p)}`);
}
bad(["ws://example.com/", ["a", "a"]], "a subprotocol twice");
bad(["ws://example.com/", ["a", "b", "A"]], "a subprotocol twice, in another case");

for (const [given, url] of [
  ["ws://EXAMPLE.com", "ws://example.com/"],
  ["wss://example.com:443/a", "wss://example.com/a"],
  ["ws://example.com:80", "ws://example.com/"],
  ["ws://example.com:443/", "ws://example.com:443/"],
  ["http://example.com/a?b", "ws://example.com/a?b"],
  ["https://example.com:443/", "wss://example.com/"],
  ["HTTPS://example.com:8443/", "wss://example.com:8443/"],
  ["  wss://example.com/a b \n", "wss://example.com/a%20b"],
  ["ws:\\\\example.com\\a", "ws://example.com/a"],
  ["ws:example.com", "ws://example.com/"],
  ["ws://example.com/\ud800", "ws://example.com/%EF%BF%BD"],
]) {
  test(() => {
    const ws = new WebSocket(given);
    assert_equals(ws.url, url);
    assert_equals(ws.readyState, 0);
    ws.close();
  }, `the URL of ${JSON.stringify(given)}`);
}

test(() => {
  const ws = new WebSocket(new URL("http://example.com/x"));
  assert_equals(ws.url, "ws://example.com/x");
  assert_equals(ws.protocol, "");
  assert_equals(ws.extensions, "");
  assert_equals(ws.bufferedAmount, 0);
  assert_equals(ws.binaryType, "blob");
  for (const name of ["onopen", "onmessage", "onerror", "onclose"]) assert_equals(ws[name], null, name);
  assert_class_string(ws, "WebSocket");
  assert_true(ws instanceof EventTarget);
  ws.close();
}, "a new one");

test(() => {
  for (const list of [undefined, [], "a", ["a", "b"], new Set(["a", "b"]), ["!#$%&'*+-.^_`|~09azAZ"], [1, null]]) new WebSocket("ws://example.com/", list).close();
  new WebSocket("ws://example.com/", null).close(); // "null" is a subprotocol.
  new WebSocket("ws://example.com/", { toString: () => "x" }).close();
  assert_throws_js(RangeError, () => new WebSocket("ws://example.com/", { *[Symbol.iterator]() { throw new RangeError(); } }));
  assert_throws_js(TypeError, () => new WebSocket("ws://example.com/", Symbol()));
  assert_throws_js(TypeError, () => new WebSocket(Symbol()));
}, "subprotocols of all kinds");

// META: title=The interfaces WebSocket and CloseEvent, by the WebSockets standard
test(() => {
  const values = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
  for (const [name, value] of Object.entries(values)) {
    for (const o of [WebSocket, WebSocket.prototype]) {
      const d = Object.getOwnPropertyDescriptor(o, name);
      assert_equals(d.value, value, name);
      assert_true(d.enumerable && !d.writable && !d.configurable, name);
    }
  }
  assert_equals(WebSocket.length, 1);
  assert_equals(WebSocket.name, "WebSocket");
  assert_equals(Object.getPrototypeOf(WebSocket), EventTarget);
  for (const name of ["url", "readyState", "bufferedAmount", "extensions", "protocol"]) {
    const d = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
    assert_true(d.enumerable && d.configurable && d.set === undefined, name);
    assert_throws_js(TypeError, () => d.get.call({}), name);
  }
  assert_equals(WebSocket.prototype.send.length, 1);
  assert_equals(WebSocket.prototype.close.length, 0);
  assert_throws_js(TypeError, () => WebSocket.prototype.send.call({}, "x"));
  assert_throws_js(TypeError, () => WebSocket.prototype.close.call({}));
}, "the shape");

test(() => {
  const ws = new WebSocket("ws://example.com/");
  ws.binaryType = "arraybuffer";
  assert_equals(ws.binaryType, "arraybuffer");
  for (const no of ["", "Blob", "ArrayBuffer", null, undefined, 0, {}]) ws.binaryType = no;
  assert_equals(ws.binaryType, "arraybuffer");
  ws.binaryType = "blob";
  assert_equals(ws.binaryType, "blob");
  ws.close();
}, "binaryType");

test(() => {
  const ws = new WebSocket("ws://example.com/");
  const f = () => {};
  for (const name of ["onopen", "onmessage", "onerror", "onclose"]) {
    ws[name] = f;
    assert_equals(ws[name], f);
    ws[name] = 5;
    assert_equals(ws[name], null);
  }
  ws.close();
}, "handlers");

test(() => {
  const ws = new WebSocket("ws://example.com/");
  assert_throws_dom("InvalidStateError", () => ws.send("x"));
  assert_throws_dom("InvalidStateError", () => ws.send(new ArrayBuffer(1)));
  assert_throws_js(TypeError, () => ws.send());
  assert_throws_js(TypeError, () => ws.send(Symbol()));
  ws.close();
}, "send before it is open");

test(() => {
  const ws = new WebSocket("ws://example.com/");
  for (const code of [0, 1, 999, 1001, 1005, 1006, 1015, 2999, 5000, 65535, -1, 70000, NaN, null, "x", 999.4, {}]) {
    assert_throws_dom("InvalidAccessError", () => ws.close(code), String(code));
  }
  assert_throws_dom("SyntaxError", () => ws.close(1000, "x".repeat(124)));
  assert_throws_dom("SyntaxError", () => ws.close(undefined, "é".repeat(62)));
  assert_throws_dom("SyntaxError", () => ws.close(3000, "\ud800".repeat(42)));
  assert_throws_js(TypeError, () => ws.close(1000, Symbol()));
  assert_equals(ws.readyState, 0);
  ws.close(4999, "é".repeat(61) + "x");
  assert_equals(ws.readyState, 2);
  ws.close(3000.4);
  ws.close("1000");
  assert_throws_dom("InvalidAccessError", () => ws.close(1));
}, "close with codes and reasons");

promise_test(async () => {
  const ws = new WebSocket("ws://example.com/");
  const told = [];
  ws.onopen = () => told.push("open");
  ws.onerror = (e) => told.push(`error ${ws.readyState} ${e.bubbles} ${e.cancelable} ${e.isTrusted}`);
  const closed = new Promise((resolve) => (ws.onclose = resolve));
  ws.close();
  assert_equals(ws.readyState, WebSocket.CLOSING);
  const e = await closed;
  assert_array_equals(told, ["error 3 false false true"]);
  assert_equals(`${e.type} ${e.code} ${e.reason} ${e.wasClean} ${e.isTrusted} ${e instanceof CloseEvent}`, "close 1006  false true true");
  assert_equals(ws.readyState, WebSocket.CLOSED);
  ws.close();
}, "close before it is open fails the connection");

promise_test(async () => {
  // There is no network here, so it fails by itself.
  const ws = new WebSocket("ws://example.com/");
  await new Promise((resolve) => (ws.onclose = resolve));
  ws.send("abc");
  ws.send(new Uint8Array(10).subarray(2));
  ws.send(new Blob(["é"]));
  ws.send("é€😀\ud800");
  ws.send("x".repeat(1000) + "é");
  assert_equals(ws.bufferedAmount, 3 + 8 + 2 + 12 + 1002);
}, "what is sent after the end counts as buffered");

test(() => {
  const e = new CloseEvent("close");
  assert_equals(`${e.wasClean} ${e.code} ${e.reason}`, "false 0 ");
  const f = new CloseEvent("x", { wasClean: 1, code: 65537, reason: "a\ud800", bubbles: true });
  assert_equals(`${f.type} ${f.wasClean} ${f.code} ${f.reason} ${f.bubbles}`, "x true 1 a\ufffd true");
  assert_throws_js(TypeError, () => new CloseEvent());
  assert_class_string(e, "CloseEvent");
  assert_true(e instanceof Event);
}, "CloseEvent");

// META: title=MessageChannel, by the HTML standard
const got = (port, n = 1) => new Promise((resolve) => {
  const all = [];
  port.onmessage = (e) => { all.push(e); if (all.length === n) resolve(n === 1 ? e : all); };
});
promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ a: 1 });
  port1.postMessage(2);
  const [a, b] = await got(port2, 2);
  assert_equals(a.data.a, 1);
  assert_equals(b.data, 2);
  assert_equals(a.target, port2);
  assert_class_string(a, "MessageEvent");
  assert_array_equals(a.ports, []);
}, "messages arrive in order");
promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  let sync = true;
  const p = got(port2).then(() => assert_false(sync));
  port1.postMessage(1);
  await null;
  sync = false;
  await p;
}, "never at once");
promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  const seen = [];
  port2.addEventListener("message", (e) => seen.push(e.data));
  port1.postMessage(1);
  await new Promise((r) => setTimeout(r, 10));
  assert_array_equals(seen, []);
  const p = new Promise((r) => port2.addEventListener("message", r));
  port2.start();
  await p;
  assert_array_equals(seen, [1]);
}, "a port that was not started keeps them");
promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  const inner = new MessageChannel();
  const b = new ArrayBuffer(3);
  inner.port2.postMessage("early");
  port1.postMessage({ p: inner.port1, b }, [inner.port1, b]);
  assert_true(b.detached);
  const e = await got(port2);
  assert_equals(e.ports[0], e.data.p);
  assert_equals(e.data.b.byteLength, 3);
  assert_equals((await got(e.data.p)).data, "early");
  e.data.p.postMessage("back");
  assert_equals((await got(inner.port2)).data, "back");
}, "ports and buffers are transferred");
test(() => {
  const { port1, port2 } = new MessageChannel();
  assert_throws_dom("DataCloneError", () => port1.postMessage(1, [port1]));
  assert_throws_dom("DataCloneError", () => port1.postMessage(port2));
  assert_throws_dom("DataCloneError", () => port1.postMessage(() => {}));
  assert_throws_js(TypeError, () => port1.postMessage());
  assert_throws_js(TypeError, () => new MessagePort());
}, "what is refused");
promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => assert_unreached("closed");
  port1.postMessage(1);
  port2.close();
  port1.postMessage(2);
  await new Promise((r) => setTimeout(r, 10));
}, "nothing arrives after close");
promise_test(async () => {
  const { port1, port2 } = new MessageChannel();
  const c = structuredClone(port1, { transfer: [port1] });
  c.postMessage("x");
  assert_equals((await got(port2)).data, "x");
}, "structuredClone transfers a port");

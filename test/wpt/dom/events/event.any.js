// META: title=Event and EventTarget, by the DOM standard
test(() => {
  const e = new Event("x");
  assert_equals(e.type, "x");
  for (const k of ["bubbles", "cancelable", "composed", "defaultPrevented", "isTrusted", "cancelBubble"]) assert_false(e[k], k);
  assert_true(e.returnValue);
  for (const k of ["target", "currentTarget", "srcElement"]) assert_equals(e[k], null, k);
  assert_equals(e.eventPhase, 0);
  assert_array_equals(e.composedPath(), []);
  assert_class_string(e, "Event");
  assert_equals(Event.AT_TARGET, 2);
  assert_equals(e.BUBBLING_PHASE, 3);
  assert_equals(typeof e.timeStamp, "number");
}, "a new event");
test(() => {
  assert_throws_js(TypeError, () => new Event());
  assert_throws_js(TypeError, () => Event("x"));
  assert_throws_js(TypeError, () => new Event("x", 1));
  assert_throws_js(TypeError, () => new Event(Symbol()));
  assert_equals(new Event(undefined).type, "undefined");
  assert_true(new Event("x", { bubbles: 1, cancelable: "a", composed: {} }).composed);
}, "arguments of Event");
test(() => {
  const t = new EventTarget();
  const seen = [];
  t.addEventListener("x", function (e) {
    assert_equals(this, t);
    assert_equals(e.target, t);
    assert_equals(e.currentTarget, t);
    assert_equals(e.eventPhase, Event.AT_TARGET);
    assert_array_equals(e.composedPath(), [t]);
    seen.push(1);
  });
  t.addEventListener("x", { handleEvent() { seen.push(2); } });
  t.addEventListener("x", () => seen.push(0), true);
  assert_true(t.dispatchEvent(new Event("x")));
  assert_array_equals(seen, [0, 1, 2]);
}, "listeners run in order, capturing ones first");
test(() => {
  const t = new EventTarget();
  let n = 0;
  const f = () => n++;
  t.addEventListener("x", f);
  t.addEventListener("x", f);
  t.addEventListener("x", f, true);
  t.addEventListener("x", f, { capture: true });
  t.dispatchEvent(new Event("x"));
  assert_equals(n, 2);
  t.removeEventListener("x", f, true);
  t.dispatchEvent(new Event("x"));
  assert_equals(n, 3);
  t.removeEventListener("x", f);
  t.dispatchEvent(new Event("x"));
  assert_equals(n, 3);
}, "a listener is there once, for each of capturing and not");
test(() => {
  const t = new EventTarget();
  let n = 0;
  t.addEventListener("x", () => { n++; t.dispatchEvent(new Event("x")); }, { once: true });
  t.dispatchEvent(new Event("x"));
  t.dispatchEvent(new Event("x"));
  assert_equals(n, 1);
}, "once");
test(() => {
  const t = new EventTarget();
  const seen = [];
  t.addEventListener("x", () => { seen.push("a"); t.removeEventListener("x", b); t.addEventListener("x", () => seen.push("late")); });
  const b = () => seen.push("b");
  t.addEventListener("x", b);
  t.dispatchEvent(new Event("x"));
  assert_array_equals(seen, ["a"]);
}, "what is removed meanwhile does not run, what is added waits");
test(() => {
  const t = new EventTarget();
  const e = new Event("x", { cancelable: true });
  t.addEventListener("x", (e) => e.preventDefault(), { passive: true });
  assert_true(t.dispatchEvent(e));
  t.addEventListener("x", (e) => (e.returnValue = false));
  assert_false(t.dispatchEvent(e));
  assert_true(e.defaultPrevented);
  const fixed = new Event("x");
  assert_true(t.dispatchEvent(fixed));
}, "preventDefault, passive and cancelable");
test(() => {
  const t = new EventTarget();
  const seen = [];
  t.addEventListener("x", (e) => { seen.push(1); e.stopImmediatePropagation(); });
  t.addEventListener("x", () => seen.push(2));
  t.addEventListener("y", (e) => { seen.push(3); e.stopPropagation(); });
  t.addEventListener("y", () => seen.push(4));
  t.dispatchEvent(new Event("x"));
  t.dispatchEvent(new Event("y"));
  assert_array_equals(seen, [1, 3, 4]);
}, "stopPropagation and stopImmediatePropagation");
test(() => {
  const t = new EventTarget();
  assert_throws_js(TypeError, () => t.dispatchEvent(null));
  assert_throws_js(TypeError, () => t.dispatchEvent({ type: "x" }));
  assert_throws_js(TypeError, () => t.addEventListener("x"));
  assert_throws_js(TypeError, () => t.addEventListener("x", 1));
  t.addEventListener("x", null);
  const e = new Event("x");
  t.addEventListener("x", () => assert_throws_dom("InvalidStateError", () => t.dispatchEvent(e)));
  t.dispatchEvent(e);
}, "what dispatchEvent and addEventListener refuse");
test(() => {
  const c = new AbortController();
  const t = new EventTarget();
  let n = 0;
  t.addEventListener("x", () => n++, { signal: c.signal });
  t.dispatchEvent(new Event("x"));
  c.abort();
  t.dispatchEvent(new Event("x"));
  t.addEventListener("x", () => n++, { signal: c.signal });
  t.dispatchEvent(new Event("x"));
  assert_equals(n, 1);
  assert_throws_js(TypeError, () => t.addEventListener("x", () => {}, { signal: null }));
}, "a signal takes a listener away");
test(() => {
  const e = new CustomEvent("x", { detail: { a: 1 }, cancelable: true });
  assert_equals(e.detail.a, 1);
  assert_true(e instanceof Event);
  assert_equals(new CustomEvent("x").detail, null);
  const old = new CustomEvent("y");
  old.initCustomEvent("z", true, true, 5);
  assert_equals(`${old.type} ${old.bubbles} ${old.detail}`, "z true 5");
}, "CustomEvent");
test(() => {
  const error = new Error("e");
  const e = new ErrorEvent("error", { message: "m", filename: "f", lineno: 3, colno: 4, error });
  assert_array_equals([e.message, e.filename, e.lineno, e.colno, e.error], ["m", "f", 3, 4, error]);
  const p = Promise.resolve();
  const r = new PromiseRejectionEvent("unhandledrejection", { promise: p, reason: 5 });
  assert_equals(r.promise, p);
  assert_equals(r.reason, 5);
  assert_throws_js(TypeError, () => new PromiseRejectionEvent("x"));
  assert_throws_js(TypeError, () => new PromiseRejectionEvent("x", {}));
  const m = new MessageEvent("message", { data: 1, origin: "o", lastEventId: "i" });
  assert_equals(`${m.data} ${m.origin} ${m.lastEventId} ${m.ports.length} ${m.source}`, "1 o i 0 null");
}, "ErrorEvent, PromiseRejectionEvent and MessageEvent");
test(() => {
  class Mine extends EventTarget { constructor() { super(); this.x = 1; } }
  const m = new Mine();
  let got;
  m.addEventListener("x", (e) => (got = e));
  m.dispatchEvent(new (class extends Event { get own() { return 7; } })("x"));
  assert_equals(got.own, 7);
  assert_class_string(m, "EventTarget");
}, "classes of their own");
test(() => {
  const seen = [];
  const f = (e) => seen.push(e.target === globalThis);
  addEventListener("mine", f);
  EventTarget.prototype.addEventListener.call(undefined, "mine", f, true);
  dispatchEvent(new Event("mine"));
  removeEventListener("mine", f);
  removeEventListener("mine", f, true);
  dispatchEvent(new Event("mine"));
  assert_array_equals(seen, [true, true]);
  assert_equals(self, globalThis);
}, "the global object is a target");

test(() => {
  const e = new Event("x");
  const own = Object.getOwnPropertyDescriptor(e, "isTrusted");
  assert_equals(typeof own.get, "function");
  assert_equals(own.set, undefined);
  assert_true(own.enumerable);
  assert_false(own.configurable);
  assert_equals(Object.getOwnPropertyDescriptor(new CustomEvent("y"), "isTrusted").get, own.get);
  assert_false("isTrusted" in Event.prototype);
  assert_throws_js(TypeError, () => own.get.call({}));
  assert_false(e.isTrusted);
}, "isTrusted is a property of each event");

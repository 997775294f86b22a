// META: title=Streams do not use what a script has made of the language
promise_test(async () => {
  await null; // The harness is done with what is patched now.
  const { then } = Promise.prototype;
  const saved = { resolve: Promise.resolve, shift: Array.prototype.shift, push: Array.prototype.push };
  let touched = "";
  Promise.prototype.then = function (...a) { return Reflect.apply(then, this, a); };
  Promise.resolve = () => { touched += "resolve"; };
  Array.prototype.push = Array.prototype.shift = () => { touched += "array"; };
  Object.defineProperty(Object.prototype, "highWaterMark", { get() { return undefined; }, configurable: true });
  ReadableStream.prototype.getReader = () => { touched += "getReader"; };
  WritableStream.prototype.getWriter = () => { touched += "getWriter"; };
  let out = "";
  try {
    const [a, b] = new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue("b"); c.close(); } }).tee();
    await a.pipeThrough(new TransformStream()).pipeTo(new WritableStream({ write(v) { out += v; } }));
    for await (const v of b) out += v;
  } finally {
    Object.assign(Promise, { resolve: saved.resolve });
    Object.assign(Array.prototype, { shift: saved.shift, push: saved.push });
    delete Object.prototype.highWaterMark;
    Promise.prototype.then = then;
  }
  assert_equals(out, "abab");
  assert_equals(touched, "");
}, "tee, pipeThrough, pipeTo and for await");

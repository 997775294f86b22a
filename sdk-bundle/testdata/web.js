// Uses the web platform without a built-in method of its own, so that it can do
// the same when all of them are overwritten.
on("web", async () => {
  const { log: say } = console;
  const t = new EventTarget();
  t.addEventListener("x", (e) => say("event", e.type, e.target === t), { once: true });
  t.dispatchEvent(new CustomEvent("x", { detail: 1, cancelable: true }));
  const c = new AbortController();
  const any = AbortSignal.any({ [iterator]: () => ({ n: 0, next() { return this.n++ ? { done: true, value: undefined } : { done: false, value: c.signal }; } }) });
  any.onabort = () => say("aborted");
  c.abort();
  say(any.aborted, any.reason.name, any.reason.code);

  const made = new ReadableStream({ start(k) { k.enqueue("a"); k.enqueue("b"); k.close(); } });
  const pair = made.tee(), one = pair[0], two = pair[1];
  let out = "";
  await one.pipeThrough(new TransformStream({ transform(v, k) { k.enqueue(v + v); } })).pipeTo(new WritableStream({ write(v) { out += v; } }));
  for await (const v of two) out += v;
  say(out);
  const bytes = new ReadableStream({ type: "bytes", pull(k) { const r = k.byobRequest; if (r) { r.view[0] = 7; r.respond(1); } else { k.enqueue(one1); k.close(); } } });
  const reader = bytes.getReader({ mode: "byob" });
  say((await reader.read(into)).value[0]);
  reader.releaseLock();

  const packed = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  const text = packed.pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream());
  out = "";
  for await (const v of text) out += v;
  say(out);
  const words = new TextEncoderStream();
  const w = words.writable.getWriter();
  w.write("é");
  w.close();
  for await (const v of words.readable) say(v[0], v[1]);
  say(new TextDecoder("shift_jis").decode(sjis), new TextDecoder("utf-16le").decode(utf16));

  const form = new FormData();
  form.append("a", "b");
  form.append("f", new File(parts, "n.txt", { type: "x/y", lastModified: 5 }));
  const back = await new Response(form).formData();
  say(back.get("a"), back.get("f").name, await back.get("f").text());
  const r = new Response(new Blob(parts, { type: "t/u" }));
  const copy = r.clone();
  say(r.headers.get("content-type"), await r.text(), (await copy.blob()).size);
  const reader2 = new Response("streamed").body.getReader();
  say(new TextDecoder().decode((await reader2.read()).value), (await reader2.read()).done);

  const o = { a: [1, { b: 2 }], d: date, r: regexp, m: map, s: set, u: into2, e: error };
  o.self = o;
  const clone = structuredClone(o);
  say(clone.a[1].b, clone.self === clone, clone.u[0]);
  const { port1, port2 } = new MessageChannel();
  const got = new Promise1((resolve) => (port2.onmessage = (e) => resolve(e.data)));
  port1.postMessage({ hello: 1 });
  say((await got).hello);
  say(performance.measure("m", { start: 1, end: 3 }).duration, performance.now() >= 0, navigator.userAgent);
  addEventListener("error", (e) => { say("caught", e.error); e.preventDefault(); }, { once: true });
  reportError("r");
  try {
    structuredClone(() => {});
  } catch (e) {
    say(e.name, e.code, e instanceof DOMException);
  }
  const route = new URLPattern("https://{*.}?example.com/:a/(\\d+)?\\?x=*#é");
  const found = route.exec("https://b.example.com/ä/12?x=y#%C3%A9");
  say(route.pathname, found.hostname.groups[0], found.pathname.groups.a, found.pathname.groups[0], found.search.groups[0]);
  say(route.test({ pathname: "q", baseURL: "https://example.com/z/1" }), new URLPattern({ pathname: "/{a:b}?" }).pathname);
  const query = new URL("https://h/?a=1&b=%41").searchParams;
  query.append("c", "d e");
  query.delete("a", "1");
  query.sort();
  say(`${query}`, query.keys().next().value, new Headers(query).get("c"));
  say("end");
});

// META: title=CompressionStream and DecompressionStream, by the Compression standard
async function through(stream, ...chunks) {
  const w = stream.writable.getWriter();
  const writing = (async () => { for (const c of chunks) await w.write(c); await w.close(); })();
  writing.catch(() => {});
  const out = [];
  for await (const c of stream.readable) out.push(c);
  await writing;
  return new Uint8Array(await new Blob(out).arrayBuffer());
}
const text = new TextEncoder().encode("hello hello hello ".repeat(5000));
const unpack = (format, ...chunks) => through(new DecompressionStream(format), ...chunks);
for (const format of ["gzip", "deflate", "deflate-raw"]) {
  promise_test(async () => {
    const packed = await through(new CompressionStream(format), text.subarray(0, 50000), text.subarray(50000));
    assert_less_than(packed.length, text.length / 10);
    const back = await unpack(format, packed);
    assert_equals(new TextDecoder().decode(back), new TextDecoder().decode(text));
  }, `${format} there and back`);
  promise_test(async () => {
    const packed = await through(new CompressionStream(format), new Uint8Array([1, 2, 3]));
    const back = await unpack(format, ...Array.from(packed, (b) => new Uint8Array([b])));
    assert_array_equals(back, [1, 2, 3]);
  }, `${format} byte by byte`);
  promise_test(async () => assert_equals((await unpack(format, await through(new CompressionStream(format)))).length, 0), `${format} of nothing`);
  promise_test(async (t) => {
    const packed = await through(new CompressionStream(format), text);
    await promise_rejects_js(t, TypeError, unpack(format, packed.subarray(0, packed.length - 1)));
    await promise_rejects_js(t, TypeError, unpack(format, packed, new Uint8Array([0])));
    await promise_rejects_js(t, TypeError, unpack(format, new Uint8Array([...packed, 7])));
    await promise_rejects_js(t, TypeError, unpack(format));
    await promise_rejects_js(t, TypeError, unpack(format, new Uint8Array([255, 254, 253, 252, 251, 250, 0, 0, 0, 0, 0])));
  }, `${format} that is cut, has more behind it, or is none`);
}
promise_test(async () => {
  const gz = Uint8Array.from(atob("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=="), (c) => c.charCodeAt(0));
  assert_equals(new TextDecoder().decode(await unpack("gzip", gz)), "hello");
}, "what another program has made");
promise_test(async (t) => {
  const gz = Uint8Array.from(atob("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=="), (c) => c.charCodeAt(0));
  gz[gz.length - 8] ^= 1;
  await promise_rejects_js(t, TypeError, unpack("gzip", gz));
}, "a wrong checksum");
promise_test(async (t) => {
  for (const C of [CompressionStream, DecompressionStream]) {
    assert_throws_js(TypeError, () => new C());
    assert_throws_js(TypeError, () => new C("zip"));
    for (const bad of ["text", {}, null]) {
      const s = new C("gzip");
      const p = s.readable.getReader().read();
      await promise_rejects_js(t, TypeError, s.writable.getWriter().write(bad));
      await promise_rejects_js(t, TypeError, p);
    }
  }
}, "what is refused");
promise_test(async () => {
  const all = [];
  for (let i = 0; i < 100; i++) {
    const s = new CompressionStream("gzip");
    const w = s.writable.getWriter();
    w.write(text).catch(() => {});
    all.push([s, w]);
    await s.readable.getReader().read();
  }
  assert_equals((await unpack("gzip", await through(new CompressionStream("gzip"), text))).length, text.length);
}, "many that are never ended");

for (const format of ["gzip", "deflate", "deflate-raw"]) {
  promise_test(async (t) => {
    const s = new DecompressionStream(format);
    const w = s.writable.getWriter();
    const r = s.readable.getReader();
    const packed = await new Response(new Blob(["what came before"]).stream().pipeThrough(new CompressionStream(format))).bytes();
    const written = w.write(new Uint8Array([...packed, 0]));
    assert_equals(new TextDecoder().decode((await r.read()).value), "what came before");
    await promise_rejects_js(t, TypeError, r.read());
    await promise_rejects_js(t, TypeError, written);
  }, `${format} with more behind it gives what came before`);
}

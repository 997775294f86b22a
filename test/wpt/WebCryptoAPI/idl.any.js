// META: title=WebCryptoAPI: interfaces
// META: script=util.js
const methods = { encrypt: 3, decrypt: 3, sign: 3, verify: 4, digest: 2, generateKey: 3, deriveKey: 5, deriveBits: 2, importKey: 5, exportKey: 2, wrapKey: 4, unwrapKey: 7 };

test(() => {
  for (const C of [Crypto, SubtleCrypto, CryptoKey]) {
    assert_equals(C.length, 0);
    assert_throws_js(TypeError, () => new C());
    assert_equals(C.prototype[Symbol.toStringTag], C.name);
    const d = Object.getOwnPropertyDescriptor(globalThis, C.name);
    assert_true(d.writable && d.configurable && !d.enumerable);
    assert_false(Object.getOwnPropertyDescriptor(C, "prototype").writable);
  }
  assert_true(crypto instanceof Crypto);
  assert_true(crypto.subtle instanceof SubtleCrypto);
  assert_equals(crypto.subtle, crypto.subtle);
  assert_throws_js(TypeError, () => Crypto.prototype.subtle);
}, "classes");

test(() => {
  for (const [name, length] of Object.entries(methods)) {
    const d = Object.getOwnPropertyDescriptor(SubtleCrypto.prototype, name);
    assert_true(d.writable && d.configurable && d.enumerable, name);
    assert_equals(d.value.length, length, name);
    assert_equals(d.value.name, name);
  }
  for (const name of ["type", "extractable", "algorithm", "usages"]) {
    const d = Object.getOwnPropertyDescriptor(CryptoKey.prototype, name);
    assert_true(d.get !== undefined && d.set === undefined && d.enumerable && d.configurable, name);
  }
  assert_equals(crypto.getRandomValues.length, 1);
  assert_equals(crypto.randomUUID.length, 0);
}, "members");

promise_test(async (t) => {
  for (const [name, length] of Object.entries(methods)) {
    const f = SubtleCrypto.prototype[name];
    const args = Array(length).fill(undefined);
    for (const self of [undefined, null, {}, crypto, SubtleCrypto.prototype]) await promise_rejects_js(t, TypeError, f.apply(self, args), name);
    for (let n = 0; n < length; n++) await promise_rejects_js(t, TypeError, f.apply(subtle, args.slice(0, n)), `${name} with ${n}`);
  }
}, "methods reject, whatever is wrong");

promise_test(async () => {
  const data = new Uint8Array(3);
  const out = await subtle.digest("SHA-256", data);
  assert_true(out instanceof ArrayBuffer);
  assert_equals(out.byteLength, 32);
  const e = await subtle.digest("none", data).catch((x) => x);
  assert_equals(e.constructor, DOMException);
  const bad = await subtle.importKey("raw", data, "AES-CBC", true, ["encrypt"]).catch((x) => x);
  assert_equals(bad.constructor, DOMException);
  assert_equals(bad.name, "DataError");
  assert_true(bad.message.length > 10);
}, "results and errors");

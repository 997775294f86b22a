// META: title=WebCryptoAPI: HKDF and PBKDF2
// META: script=util.js
// RFC 5869 appendix A; RFC 6070 (SHA-1) and RFC 7914 section 11 (SHA-256).
const hkdf = [
  ["SHA-256", "0b".repeat(22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"],
  ["SHA-256", Array.from({ length: 80 }, (_, i) => i.toString(16).padStart(2, "0")).join(""), Array.from({ length: 80 }, (_, i) => (i + 0x60).toString(16)).join(""), Array.from({ length: 80 }, (_, i) => (i + 0xb0).toString(16)).join(""), "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"],
  ["SHA-256", "0b".repeat(22), "", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"],
  ["SHA-1", "0b".repeat(11), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896"],
  ["SHA-1", "0c".repeat(22), "", "", "2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48"],
];
hkdf.forEach(([hash, secret, salt, info, want], i) => {
  promise_test(async (t) => {
    const key = await raw(unhex(secret), "HKDF", ["deriveBits", "deriveKey"], false);
    const alg = { name: "HKDF", hash, salt: unhex(salt), info: unhex(info) };
    assert_equals(hex(await subtle.deriveBits(alg, key, want.length * 4)), want);
    const made = await subtle.deriveKey(alg, key, { name: "AES-CBC", length: 256 }, true, ["encrypt"]);
    assert_equals(hex(await subtle.exportKey("raw", made)), want.slice(0, 64));
    assert_equals((await subtle.deriveBits(alg, key, 0)).byteLength, 0);
    for (const length of [null, undefined, 1, 7, 12, 255 * 8 * 64 + 8, 4294967288]) await promise_rejects_dom(t, "OperationError", subtle.deriveBits(alg, key, length), String(length));
    await promise_rejects_dom(t, "OperationError", subtle.deriveBits(alg, key));
  }, `HKDF, RFC 5869 test case ${i + 1}`);
});

const pbkdf2 = [
  ["SHA-1", "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"],
  ["SHA-1", "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"],
  ["SHA-1", "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"],
  ["SHA-1", "pass\0word", "sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"],
  ["SHA-256", "passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbcadb8bc93e54f7b1e0c8a0b1cbd0f2a0c".slice(0, 64)],
  ["SHA-256", "Password", "NaCl", 80000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"],
];
pbkdf2.forEach(([hash, password, salt, iterations, want], i) => {
  promise_test(async () => {
    const key = await raw(text(password), "PBKDF2", ["deriveBits"], false);
    assert_equals(hex(await subtle.deriveBits({ name: "PBKDF2", hash, salt: text(salt), iterations }, key, want.length * 4)), want);
  }, `PBKDF2, ${i + 1}: ${hash}, ${iterations} iterations`);
});

promise_test(async (t) => {
  const key = await raw(text("p"), "PBKDF2", ["deriveBits", "deriveKey"], false);
  const alg = { name: "PBKDF2", hash: "SHA-256", salt: text("s"), iterations: 1 };
  await promise_rejects_dom(t, "OperationError", subtle.deriveBits({ ...alg, iterations: 0 }, key, 8));
  for (const iterations of [-1, NaN, 4294967296, undefined]) await promise_rejects_js(t, TypeError, subtle.deriveBits({ ...alg, iterations }, key, 8));
  // What would take minutes, or a gigabyte.
  await promise_rejects_dom(t, "NotSupportedError", subtle.deriveBits({ ...alg, iterations: 4294967295 }, key, 8));
  await promise_rejects_dom(t, "NotSupportedError", subtle.deriveBits({ ...alg, iterations: 500_000 }, key, 8 * 32 * 11));
  await promise_rejects_dom(t, "OperationError", subtle.deriveBits(alg, key, 4294967288));
  for (const length of [null, undefined, 1, 9]) await promise_rejects_dom(t, "OperationError", subtle.deriveBits(alg, key, length));
  assert_equals((await subtle.deriveBits(alg, key, 0)).byteLength, 0);
  assert_equals((await subtle.deriveBits(alg, key, 4294967296 + 8)).byteLength, 1, "an unsigned long");
  for (const bad of [{ salt: undefined }, { hash: undefined }, { salt: "text" }]) await promise_rejects_js(t, TypeError, subtle.deriveBits({ ...alg, ...bad }, key, 8));
  await promise_rejects_dom(t, "NotSupportedError", subtle.deriveBits({ ...alg, hash: "SHA-3" }, key, 8));
  await promise_rejects_dom(t, "NotSupportedError", subtle.deriveBits({ ...alg, name: "HMAC" }, key, 8));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ ...alg, name: "HKDF", info: text("") }, key, 8));
  for (const [type, error] of [[{ name: "AES-CBC", length: 127 }, "OperationError"], [{ name: "HMAC", hash: "SHA-1", length: 12 }, "OperationError"], [{ name: "ECDH", namedCurve: "P-256" }, "NotSupportedError"], ["PBKDF2", "OperationError"]]) {
    await promise_rejects_dom(t, error, subtle.deriveKey(alg, key, type, true, ["deriveBits"]), JSON.stringify(type));
  }
  await promise_rejects_js(t, TypeError, subtle.deriveKey(alg, key, "AES-CBC", true, ["encrypt"]), "no length");
  await promise_rejects_js(t, TypeError, subtle.deriveKey(alg, key, { name: "HMAC", hash: "SHA-1", length: 0 }, true, ["sign"]));
  await promise_rejects_dom(t, "SyntaxError", subtle.deriveKey(alg, key, { name: "AES-CBC", length: 128 }, true, []));
  await promise_rejects_dom(t, "SyntaxError", subtle.deriveKey(alg, key, { name: "AES-CBC", length: 128 }, true, ["sign"]));
  const mac = await subtle.deriveKey(alg, key, { name: "HMAC", hash: "SHA-512" }, true, ["sign"]);
  assert_equals(mac.algorithm.length, 1024);
}, "parameters that are wrong or cost too much");

promise_test(async (t) => {
  for (const name of ["HKDF", "PBKDF2"]) {
    await promise_rejects_dom(t, "SyntaxError", raw(text("p"), name, ["deriveBits"], true), "extractable");
    await promise_rejects_dom(t, "SyntaxError", raw(text("p"), name, ["sign"], false));
    await promise_rejects_dom(t, "SyntaxError", raw(text("p"), name, [], false));
    await promise_rejects_dom(t, "NotSupportedError", subtle.importKey("jwk", { kty: "oct", k: "AA" }, name, false, ["deriveBits"]));
    await promise_rejects_dom(t, "NotSupportedError", subtle.importKey("spki", text("p"), name, false, ["deriveBits"]));
    await promise_rejects_dom(t, "NotSupportedError", subtle.generateKey(name, false, ["deriveBits"]));
    const key = await raw(new Uint8Array(), name, ["deriveBits"], false);
    assert_array_equals(Object.keys(key.algorithm), ["name"]);
    await promise_rejects_dom(t, "NotSupportedError", subtle.exportKey("raw", key));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveKey({ name, hash: "SHA-1", salt: text(""), info: text(""), iterations: 1 }, key, { name: "AES-CBC", length: 128 }, true, ["encrypt"]));
  }
}, "keys");

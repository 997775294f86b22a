// META: title=WebCryptoAPI: HMAC
// META: script=util.js
// RFC 2202 (SHA-1), RFC 4231 (the others), RFC 7515 appendix A.1.
const rows = [
  ["1", "0b".repeat(20), hex(text("Hi There")), {
    "SHA-1": "b617318655057264e28bc0b6fb378c8ef146be00",
    "SHA-256": "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    "SHA-384": "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
    "SHA-512": "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
  }],
  ["2", hex(text("Jefe")), hex(text("what do ya want for nothing?")), {
    "SHA-1": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    "SHA-256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "SHA-384": "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
    "SHA-512": "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
  }],
  ["3", "aa".repeat(20), "dd".repeat(50), {
    "SHA-1": "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
    "SHA-256": "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  }],
  ["6, a long key", "aa".repeat(131), hex(text("Test Using Larger Than Block-Size Key - Hash Key First")), {
    "SHA-256": "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    "SHA-512": "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
  }],
];
for (const [name, key, data, macs] of rows) {
  for (const [hash, want] of Object.entries(macs)) {
    promise_test(async (t) => {
      const k = await raw(unhex(key), { name: "HMAC", hash }, ["sign", "verify"]);
      assert_equals(hex(await subtle.sign("HMAC", k, unhex(data))), want);
      assert_true(await subtle.verify("HMAC", k, unhex(want), unhex(data)));
      for (const bad of [flip(unhex(want), 0), flip(unhex(want), -1), unhex(want).slice(1), unhex(want + "00"), new Uint8Array()]) assert_false(await subtle.verify("HMAC", k, bad, unhex(data)));
      assert_false(await subtle.verify("HMAC", k, unhex(want), flip(unhex(data), 0)));
      assert_equals(k.algorithm.length, key.length * 4);
      assert_equals(k.algorithm.hash.name, hash);
    }, `${hash}, test case ${name}`);
  }
}

promise_test(async () => {
  const k = await jwk({ kty: "oct", k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" }, { name: "HMAC", hash: "SHA-256" }, ["sign", "verify"]);
  const input = text("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfc7515Payload);
  assert_equals(b64url(await subtle.sign("HMAC", k, input)), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  const out = await subtle.exportKey("jwk", k);
  assert_equals(JSON.stringify(out), '{"alg":"HS256","ext":true,"k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","key_ops":["sign","verify"],"kty":"oct"}');
}, "RFC 7515 A.1, as a JWK");

promise_test(async (t) => {
  const alg = { name: "HMAC", hash: "SHA-256" };
  const key = unhex("ffff");
  for (const [length, want] of [[9, "ff80"], [12, "fff0"], [16, "ffff"], [undefined, "ffff"]]) {
    const k = await raw(key, { ...alg, length }, ["sign"]);
    assert_equals(k.algorithm.length, length ?? 16);
    assert_equals(hex(await subtle.exportKey("raw", k)), want);
  }
  for (const length of [0, 1, 8, 17, 4294967295]) await promise_rejects_dom(t, "DataError", raw(key, { ...alg, length }, ["sign"]), String(length));
  for (const length of [-1, 4294967296, NaN]) await promise_rejects_js(t, TypeError, raw(key, { ...alg, length }, ["sign"]));
  await promise_rejects_dom(t, "DataError", raw(new Uint8Array(), alg, ["sign"]));
  await promise_rejects_dom(t, "NotSupportedError", raw(key, { name: "HMAC", hash: "MD5" }, ["sign"]));
  await promise_rejects_js(t, TypeError, raw(key, { name: "HMAC" }, ["sign"]));
  await promise_rejects_js(t, TypeError, raw(key, "HMAC", ["sign"]));
}, "lengths in bits");

promise_test(async (t) => {
  for (const [hash, bits] of [["SHA-1", 512], ["SHA-256", 512], ["SHA-384", 1024], ["SHA-512", 1024]]) {
    const k = await subtle.generateKey({ name: "HMAC", hash }, true, ["sign"]);
    assert_equals(k.algorithm.length, bits);
    assert_equals((await subtle.exportKey("raw", k)).byteLength, bits / 8);
  }
  const k = await subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 1 }, true, ["sign"]);
  assert_equals(new Uint8Array(await subtle.exportKey("raw", k))[0] & 0x7f, 0);
  await promise_rejects_dom(t, "OperationError", subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 0 }, true, ["sign"]));
  await promise_rejects_dom(t, "OperationError", subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 4294967295 }, true, ["sign"]), "half a gigabyte");
}, "lengths of new keys");

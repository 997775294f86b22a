// META: title=WebCryptoAPI: wrapKey() and unwrapKey()
// META: script=util.js
const iv = new Uint8Array(16).fill(3);
const wrappers = [
  [{ name: "AES-KW" }, { name: "AES-KW", length: 128 }],
  [{ name: "AES-CBC", iv }, { name: "AES-CBC", length: 192 }],
  [{ name: "AES-CTR", counter: iv, length: 64 }, { name: "AES-CTR", length: 256 }],
  [{ name: "AES-GCM", iv, additionalData: text("for these") }, { name: "AES-GCM", length: 256 }],
  [{ name: "RSA-OAEP", label: text("label") }, { name: "RSA-OAEP", hash: "SHA-256" }],
];
async function wrapper(alg) {
  if (alg.name !== "RSA-OAEP") {
    const key = await subtle.generateKey(alg, true, ["wrapKey", "unwrapKey"]);
    return [key, key];
  }
  return [await jwk(publicPart(rfc7515RSA), alg, ["wrapKey"]), await jwk(rfc7515RSA, alg, ["unwrapKey"])];
}
const ec = (name, usages) => [{ name, namedCurve: "P-256" }, usages];
const wrapped = [
  [{ name: "AES-GCM", length: 128 }, ["encrypt", "decrypt"], ["raw", "jwk"]],
  [{ name: "HMAC", hash: "SHA-256", length: 256 }, ["sign", "verify"], ["raw", "jwk"]],
  [{ name: "Ed25519" }, ["sign", "verify"], ["spki", "pkcs8", "jwk"]],
  [...ec("ECDH", ["deriveBits"]), ["spki", "pkcs8", "jwk", "raw"]],
];

for (const [alg, keyAlg] of wrappers) {
  promise_test(async (t) => {
    const [by, from] = await wrapper(keyAlg);
    for (const [inner, usages, formats] of wrapped) {
      const made = await subtle.generateKey(inner, true, usages);
      const keys = made instanceof CryptoKey ? [made] : [made.publicKey, made.privateKey];
      for (const key of keys) {
        for (const format of formats) {
          if (format === "raw" && key.type === "private" || format === "spki" && key.type !== "public" || format === "pkcs8" && key.type !== "private") {
            await promise_rejects_dom(t, "InvalidAccessError", subtle.wrapKey(format, key, by, alg), `${key.type} as ${format}`);
            continue;
          }
          const plain = await subtle.exportKey(format, key);
          const size = format === "jwk" ? text(JSON.stringify(plain)).length : plain.byteLength;
          if (alg.name === "AES-KW" && size % 8 !== 0 || alg.name === "RSA-OAEP" && size > 190) {
            await promise_rejects_dom(t, "OperationError", subtle.wrapKey(format, key, by, alg));
            continue;
          }
          const box = await subtle.wrapKey(format, key, by, alg);
          const back = await subtle.unwrapKey(format, box, from, alg, inner, true, key.usages);
          assert_equals(back.type, key.type);
          assert_array_equals(back.usages, key.usages);
          const out = await subtle.exportKey(format, back);
          if (format === "jwk") assert_equals(JSON.stringify(out), JSON.stringify(plain));
          else assert_equals(hex(out), hex(plain));
          const fixed = await subtle.unwrapKey(format, box, from, alg, inner, false, key.usages);
          assert_false(fixed.extractable);
          await promise_rejects_dom(t, "InvalidAccessError", subtle.wrapKey(format, fixed, by, alg));
          if (alg.name !== "AES-CTR" && alg.name !== "AES-CBC") await promise_rejects_dom(t, "OperationError", subtle.unwrapKey(format, flip(box, 3), from, alg, inner, true, key.usages));
          if (key.type !== "public") await promise_rejects_dom(t, "SyntaxError", subtle.unwrapKey(format, box, from, alg, inner, true, []));
          await promise_rejects_dom(t, "SyntaxError", subtle.unwrapKey(format, box, from, alg, inner, true, ["wrapKey", "sign", "encrypt"]));
        }
      }
    }
  }, `with ${alg.name}`);
}

promise_test(async (t) => {
  const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]);
  const plain = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt", "decrypt"]);
  const alg = { name: "AES-GCM", iv };
  await promise_rejects_dom(t, "InvalidAccessError", subtle.wrapKey("raw", key, plain, alg), "encrypt is not wrapKey");
  await promise_rejects_dom(t, "InvalidAccessError", subtle.wrapKey("raw", key, key, { name: "AES-CBC", iv }));
  await promise_rejects_dom(t, "NotSupportedError", subtle.wrapKey("raw", key, key, "HMAC"));
  await promise_rejects_dom(t, "NotSupportedError", subtle.wrapKey("raw", key, key, "nothing"));
  await promise_rejects_dom(t, "NotSupportedError", subtle.wrapKey("spki", key, key, alg));
  const derive = await raw(text("x"), "HKDF", ["deriveBits"], false);
  await promise_rejects_dom(t, "NotSupportedError", subtle.wrapKey("raw", derive, key, alg));
  await promise_rejects_js(t, TypeError, subtle.wrapKey("raw", {}, key, alg));
  await promise_rejects_js(t, TypeError, subtle.wrapKey("raw", key, {}, alg));
  await promise_rejects_js(t, TypeError, subtle.wrapKey("pem", key, key, alg));
  await promise_rejects_js(t, TypeError, subtle.wrapKey("raw", key, key));
  await promise_rejects_js(t, TypeError, subtle.unwrapKey("raw", "text", key, alg, "AES-GCM", true, ["encrypt"]));
  const seal = (bytes) => subtle.encrypt(alg, key, bytes);
  for (const bad of ["", "{", "null", "1", "[]", "{}", '{"kty":1}', '{"kty":"oct"}', '{"kty":"oct","k":"AA","key_ops":5}', "\xff"]) await promise_rejects_dom(t, "DataError", subtle.unwrapKey("jwk", await seal(text(bad)), key, alg, "AES-GCM", true, ["encrypt"]), bad);
  await promise_rejects_dom(t, "DataError", subtle.unwrapKey("raw", await seal(new Uint8Array(5)), key, alg, "AES-GCM", true, ["encrypt"]));
  const spaced = await subtle.unwrapKey("jwk", await seal(text('  {"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA","other":[1]}   ')), key, alg, "AES-GCM", true, ["encrypt"]);
  assert_equals(spaced.algorithm.length, 128);
}, "what is refused");

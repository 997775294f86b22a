// META: title=WebCryptoAPI: keys
// META: script=util.js
const all = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];
const secrets = [
  ...["AES-CTR", "AES-CBC", "AES-GCM"].map((name) => [{ name, length: 192 }, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]]),
  [{ name: "AES-KW", length: 256 }, ["wrapKey", "unwrapKey"]],
  [{ name: "HMAC", hash: "SHA-384" }, ["sign", "verify"]],
];
const pairs = [
  [{ name: "ECDSA", namedCurve: "P-256" }, ["sign"], ["verify"]],
  [{ name: "ECDH", namedCurve: "P-384" }, ["deriveKey", "deriveBits"], []],
  [{ name: "Ed25519" }, ["sign"], ["verify"]],
  [{ name: "X25519" }, ["deriveKey", "deriveBits"], []],
];
const subsets = (list) => list.reduce((out, u) => out.concat(out.map((s) => [...s, u])), [[]]);

for (const [alg, allowed] of secrets) {
  promise_test(async (t) => {
    for (const usages of subsets(allowed)) {
      for (const extractable of [true, false]) {
        const p = subtle.generateKey(alg, extractable, [...usages, ...usages].reverse());
        if (usages.length === 0) {
          await promise_rejects_dom(t, "SyntaxError", p);
          continue;
        }
        const key = await p;
        assert_true(key instanceof CryptoKey);
        assert_equals(key.type, "secret");
        assert_equals(key.extractable, extractable);
        assert_array_equals(key.usages, usages, "each once, in the standard's order");
        assert_equals(key.algorithm.name, alg.name);
        if (!extractable) {
          await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("raw", key));
          await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("jwk", key));
          continue;
        }
        const bytes = await subtle.exportKey("raw", key);
        assert_equals(bytes.byteLength * 8, key.algorithm.length);
        const doc = await subtle.exportKey("jwk", key);
        assert_array_equals(doc.key_ops, usages);
        for (const again of [await raw(bytes, alg, usages), await jwk(doc, alg, usages), await jwk({ ...doc, key_ops: undefined, ext: undefined }, { ...alg, length: undefined }, usages)]) assert_equals(hex(await subtle.exportKey("raw", again)), hex(bytes));
        for (const format of ["spki", "pkcs8"]) await promise_rejects_dom(t, "NotSupportedError", subtle.exportKey(format, key));
      }
    }
    for (const u of all.filter((u) => !allowed.includes(u))) await promise_rejects_dom(t, "SyntaxError", subtle.generateKey(alg, true, [u, ...allowed]), u);
  }, `generateKey: ${alg.name}`);
}

for (const [alg, priv, pub] of pairs) {
  promise_test(async (t) => {
    for (const usages of subsets([...priv, ...pub])) {
      const p = subtle.generateKey(alg, false, usages);
      const wants = priv.filter((u) => usages.includes(u));
      if (wants.length === 0) {
        await promise_rejects_dom(t, "SyntaxError", p);
        continue;
      }
      const pair = await p;
      assert_equals(Object.getPrototypeOf(pair), Object.prototype);
      const { privateKey, publicKey } = pair;
      assert_array_equals(privateKey.usages, wants);
      assert_array_equals(publicKey.usages, pub.filter((u) => usages.includes(u)));
      assert_equals(privateKey.type, "private");
      assert_equals(publicKey.type, "public");
      assert_false(privateKey.extractable);
      assert_true(publicKey.extractable, "a public key always is");
    }
    for (const u of all.filter((u) => !priv.includes(u) && !pub.includes(u))) await promise_rejects_dom(t, "SyntaxError", subtle.generateKey(alg, true, [u, ...priv]), u);
    const { privateKey, publicKey } = await subtle.generateKey(alg, true, [...priv, ...pub]);
    for (const [format, key, usages] of [["pkcs8", privateKey, priv], ["jwk", privateKey, priv], ["spki", publicKey, pub], ["raw", publicKey, pub], ["jwk", publicKey, pub]]) {
      const out = await subtle.exportKey(format, key);
      const again = await subtle.importKey(format, out, alg, true, usages);
      const back = await subtle.exportKey(format, again);
      if (format === "jwk") assert_equals(JSON.stringify(back), JSON.stringify(out));
      else assert_equals(hex(back), hex(out));
      for (const u of all.filter((u) => !usages.includes(u))) await promise_rejects_dom(t, "SyntaxError", subtle.importKey(format, out, alg, true, [u]), `${format} for ${u}`);
    }
  }, `generateKey: ${alg.name}`);
}

promise_test(async (t) => {
  for (const length of [0, 64, 127, 129, 255, 512, 65535]) {
    for (const name of ["AES-CTR", "AES-CBC", "AES-GCM", "AES-KW"]) await promise_rejects_dom(t, "OperationError", subtle.generateKey({ name, length }, true, ["wrapKey"]));
  }
  for (const size of [0, 1, 15, 17, 31, 33, 64]) await promise_rejects_dom(t, "DataError", raw(new Uint8Array(size), "AES-CBC", ["encrypt"]));
  for (const length of [-1, 65536, NaN, undefined]) await promise_rejects_js(t, TypeError, subtle.generateKey({ name: "AES-GCM", length }, true, ["encrypt"]));
  await promise_rejects_js(t, TypeError, subtle.generateKey("AES-GCM", true, ["encrypt"]));
  for (const usages of [["enc"], [undefined], [""], ["Encrypt"], ["toString"]]) await promise_rejects_js(t, TypeError, subtle.generateKey({ name: "AES-GCM", length: 128 }, true, usages));
  for (const usages of [undefined, null, 1, "encrypt", {}]) await promise_rejects_js(t, TypeError, subtle.generateKey({ name: "AES-GCM", length: 128 }, true, usages));
  const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, 1, new Set(["encrypt"]));
  assert_true(key.extractable);
  for (const name of ["SHA-1", "RSAES-PKCS1-v1_5", "AES", "AES-OFB", "DSA", "Ed448"]) await promise_rejects_dom(t, "NotSupportedError", subtle.generateKey(name, true, ["sign"]));
}, "generateKey with what is wrong");

promise_test(async (t) => {
  const doc = { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", alg: "A128GCM", use: "enc", key_ops: ["encrypt", "decrypt"], ext: true };
  await jwk(doc, "AES-GCM", ["encrypt"]);
  for (const [bad, what] of [[{ kty: "RSA" }, "kty"], [{ kty: undefined }, "no kty"], [{ k: undefined }, "no k"], [{ k: "AAA" }, "short"], [{ k: "+/AAAAAAAAAAAAAAAAAAAA" }, "base64"], [{ alg: "A192GCM" }, "alg"], [{ alg: "A128CBC" }, "alg"], [{ use: "sig" }, "use"], [{ key_ops: ["decrypt"] }, "key_ops"], [{ ext: false }, "ext"]]) await promise_rejects_dom(t, "DataError", jwk({ ...doc, ...bad }, "AES-GCM", ["encrypt"]), what);
  await promise_rejects_dom(t, "SyntaxError", jwk(doc, "AES-GCM", []));
  await promise_rejects_dom(t, "SyntaxError", jwk({ ...doc, kty: "RSA" }, "AES-GCM", ["sign"]), "usages come first");
  await promise_rejects_dom(t, "DataError", jwk({ ...doc, kty: "RSA" }, "AES-GCM", []), "and the lack of them last");
  for (const [format, data] of [["raw", doc], ["spki", {}], ["jwk", new Uint8Array(16)], ["jwk", new ArrayBuffer(16)], ["raw", undefined], ["raw", null], ["jwk", "text"], ["jwk", 1], ["jwk", { ...doc, key_ops: 1 }], ["jwk", { ...doc, oth: 1 }], ["jwk", { ...doc, kty: Symbol() }]]) await promise_rejects_js(t, TypeError, subtle.importKey(format, data, "AES-GCM", true, ["encrypt"]), format);
  for (const format of ["", "RAW", "der", undefined, null, "toString"]) await promise_rejects_js(t, TypeError, subtle.importKey(format, new Uint8Array(16), "AES-GCM", true, ["encrypt"]));
  for (const format of ["spki", "pkcs8"]) await promise_rejects_dom(t, "NotSupportedError", subtle.importKey(format, new Uint8Array(16), "AES-GCM", true, ["encrypt"]));
  await promise_rejects_dom(t, "DataError", subtle.importKey("jwk", null, "AES-GCM", true, ["encrypt"]), "null is a JWK without members");
  await promise_rejects_dom(t, "NotSupportedError", subtle.importKey("jwk", new Uint8Array(1), "AES-XYZ", true, ["encrypt"]), "the algorithm comes before the data");
  const reads = [];
  await jwk(new Proxy(doc, { get: (o, k) => (reads.push(k), o[k]) }), "AES-GCM", ["encrypt"]);
  assert_array_equals(reads, ["alg", "crv", "d", "dp", "dq", "e", "ext", "k", "key_ops", "kty", "n", "oth", "p", "q", "qi", "use", "x", "y"]);
}, "importKey with what is wrong");

promise_test(async () => {
  const data = new Uint8Array(16);
  const p = raw(data, "AES-GCM", ["encrypt"]);
  data.fill(255);
  assert_equals(hex(await subtle.exportKey("raw", await p)), "00".repeat(16));
}, "importKey copies the bytes");

promise_test(async () => {
  const key = await jwk(publicPart(rfc7515RSA), { name: "RSA-PSS", hash: "SHA-256" }, ["verify"], true);
  assert_equals(key.algorithm, key.algorithm, "the same object each time");
  assert_equals(key.usages, key.usages);
  assert_equals(Object.prototype.toString.call(key), "[object CryptoKey]");
  // What a script makes of the objects does not change the key.
  key.algorithm.name = "RSASSA-PKCS1-v1_5";
  key.algorithm.hash.name = "SHA-1";
  key.algorithm.publicExponent[0] = 9;
  key.usages.length = 0;
  assert_equals(key.algorithm.name, "RSASSA-PKCS1-v1_5");
  const doc = await subtle.exportKey("jwk", key);
  assert_equals(doc.alg, "PS256");
  assert_equals(doc.e, "AQAB");
  assert_array_equals(doc.key_ops, ["verify"]);
  assert_false(await subtle.verify({ name: "RSA-PSS", saltLength: 32 }, key, new Uint8Array(256), text("x")));
}, "the objects of a key are its own");

promise_test(async (t) => {
  const { privateKey, publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const clone = structuredClone({ a: privateKey, b: [privateKey, publicKey] });
  assert_true(clone.a instanceof CryptoKey);
  assert_not_equals(clone.a, privateKey);
  assert_equals(clone.a, clone.b[0]);
  assert_false(clone.a.extractable);
  assert_array_equals(clone.a.usages, ["sign"]);
  assert_equals(clone.a.algorithm.namedCurve, "P-256");
  const alg = { name: "ECDSA", hash: "SHA-256" };
  assert_true(await subtle.verify(alg, clone.b[1], await subtle.sign(alg, clone.a, text("x")), text("x")));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("jwk", clone.a));
  const { port1, port2 } = new MessageChannel();
  const got = new Promise((resolve) => (port2.onmessage = (e) => resolve(e.data)));
  port1.postMessage(clone.a);
  assert_equals((await got).type, "private");
  port1.close();
}, "keys are cloned");

test(() => {
  assert_throws_js(TypeError, () => new CryptoKey());
  assert_throws_js(TypeError, () => CryptoKey());
  const { get } = Object.getOwnPropertyDescriptor(CryptoKey.prototype, "type");
  assert_throws_js(TypeError, () => get.call({}));
  assert_throws_js(TypeError, () => CryptoKey.prototype.algorithm);
  assert_throws_dom("DataCloneError", () => structuredClone(Object.create(CryptoKey.prototype)));
}, "keys are not made by hand");

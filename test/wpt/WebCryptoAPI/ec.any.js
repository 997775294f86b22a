// META: title=WebCryptoAPI: ECDSA and ECDH
// META: script=util.js
promise_test(async () => {
  const alg = { name: "ECDSA", namedCurve: "P-256" };
  const pub = await jwk(publicPart(rfc7515EC), alg, ["verify"]);
  const input = text("eyJhbGciOiJFUzI1NiJ9." + rfc7515Payload);
  const sign = { name: "ECDSA", hash: "SHA-256" };
  const sig = unb64url(rfc7515ES256);
  assert_true(await subtle.verify(sign, pub, sig, input));
  assert_false(await subtle.verify({ ...sign, hash: "SHA-384" }, pub, sig, input));
  for (const bad of [flip(sig, 0), flip(sig, -1), sig.slice(1), new Uint8Array(64), new Uint8Array(64).fill(255), new Uint8Array()]) assert_false(await subtle.verify(sign, pub, bad, input));
}, "RFC 7515 A.3 is verified");

promise_test(async () => {
  const alg = { name: "ECDSA", namedCurve: "P-521" };
  const priv = await jwk(rfc7515EC521, alg, ["sign"]);
  const pub = await jwk(publicPart(rfc7515EC521), alg, ["verify"]);
  const sig = await subtle.sign({ name: "ECDSA", hash: "SHA-512" }, priv, text("x"));
  assert_equals(sig.byteLength, 132);
  assert_true(await subtle.verify({ name: "ECDSA", hash: "SHA-512" }, pub, sig, text("x")));
  const { key_ops, ext, ...out } = await subtle.exportKey("jwk", priv);
  for (const k of Object.keys(rfc7515EC521)) assert_equals(out[k], rfc7515EC521[k], k);
}, "RFC 7515 A.4: the key goes in and out");

const sizes = { "P-256": 32, "P-384": 48, "P-521": 66 };
for (const [namedCurve, size] of Object.entries(sizes)) {
  promise_test(async () => {
    const { privateKey, publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve }, false, ["sign", "verify"]);
    assert_equals(publicKey.extractable, true);
    assert_equals(privateKey.extractable, false);
    for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
      const alg = { name: "ECDSA", hash };
      const sig = await subtle.sign(alg, privateKey, text("message"));
      assert_equals(sig.byteLength, 2 * size);
      assert_true(await subtle.verify(alg, publicKey, sig, text("message")));
      assert_false(await subtle.verify(alg, publicKey, flip(sig, 5), text("message")));
      assert_false(await subtle.verify(alg, publicKey, sig, text("massage")));
    }
  }, `ECDSA, ${namedCurve}`);

  promise_test(async (t) => {
    const alg = { name: "ECDH", namedCurve };
    const a = await subtle.generateKey(alg, true, ["deriveBits"]);
    const b = await subtle.generateKey(alg, true, ["deriveBits", "deriveKey"]);
    assert_equals(a.publicKey.usages.length, 0);
    const one = await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, null);
    const two = await subtle.deriveBits({ name: "ecdh", public: a.publicKey }, b.privateKey, 8 * size);
    assert_equals(hex(one), hex(two));
    assert_equals(one.byteLength, size);
    assert_equals(hex(await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey)), hex(one), "no length is all");
    assert_equals(hex(await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 64)), hex(one).slice(0, 16));
    const odd = new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 61));
    assert_equals(odd[7], new Uint8Array(one)[7] & 0xf8, "bits that were not asked for are zero");
    assert_equals((await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 0)).byteLength, 0);
    await promise_rejects_dom(t, "OperationError", subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 8 * size + 1));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ name: "ECDH", public: b.privateKey }, a.privateKey, 8));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.publicKey, 8));
    const other = await subtle.generateKey({ name: "ECDH", namedCurve: namedCurve === "P-256" ? "P-384" : "P-256" }, true, ["deriveBits"]);
    await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ name: "ECDH", public: other.publicKey }, a.privateKey, 8));
    const ecdsa = await subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
    await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ name: "ECDH", public: ecdsa.publicKey }, a.privateKey, 8));
    await promise_rejects_js(t, TypeError, subtle.deriveBits({ name: "ECDH" }, a.privateKey, 8));
    await promise_rejects_js(t, TypeError, subtle.deriveBits({ name: "ECDH", public: {} }, a.privateKey, 8));
    const key = await subtle.deriveKey({ name: "ECDH", public: a.publicKey }, b.privateKey, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
    assert_equals(hex(await subtle.exportKey("raw", key)), hex(one).slice(0, 64));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveKey({ name: "ECDH", public: a.publicKey }, a.privateKey, { name: "AES-GCM", length: 256 }, true, ["encrypt"]), "deriveBits is not deriveKey");
  }, `ECDH, ${namedCurve}`);

  promise_test(async (t) => {
    const alg = { name: "ECDSA", namedCurve };
    const { privateKey, publicKey } = await subtle.generateKey(alg, true, ["sign", "verify"]);
    const point = new Uint8Array(await subtle.exportKey("raw", publicKey));
    assert_equals(point.length, 2 * size + 1);
    assert_equals(point[0], 4);
    const compressed = new Uint8Array(size + 1);
    compressed.set(point.subarray(0, size + 1));
    compressed[0] = 2 + (point[2 * size] & 1);
    const spki = await subtle.exportKey("spki", publicKey);
    for (const again of [await raw(point, alg, ["verify"]), await raw(compressed, alg, ["verify"]), await subtle.importKey("spki", spki, alg, true, ["verify"])]) assert_equals(hex(await subtle.exportKey("spki", again)), hex(spki));
    const pkcs8 = await subtle.exportKey("pkcs8", privateKey);
    const again = await subtle.importKey("pkcs8", pkcs8, alg, true, ["sign"]);
    assert_equals(hex(await subtle.exportKey("pkcs8", again)), hex(pkcs8));
    for (const bad of [point.slice(1), point.slice(0, -1), flip(point, -1), flip(point, 0), new Uint8Array(point.length), new Uint8Array(1), new Uint8Array()]) await promise_rejects_dom(t, "DataError", raw(bad, alg, ["verify"]));
    const extra = new Uint8Array(spki.byteLength + 1);
    extra.set(new Uint8Array(spki));
    await promise_rejects_dom(t, "DataError", subtle.importKey("spki", extra, alg, true, ["verify"]), "data behind the key");
    for (let n = 0; n < spki.byteLength; n += 9) await promise_rejects_dom(t, "DataError", subtle.importKey("spki", spki.slice(0, n), alg, true, ["verify"]));
    for (let n = 0; n < pkcs8.byteLength; n += 9) await promise_rejects_dom(t, "DataError", subtle.importKey("pkcs8", pkcs8.slice(0, n), alg, true, ["sign"]));
    await promise_rejects_dom(t, "DataError", subtle.importKey("pkcs8", flip(pkcs8, -1), alg, true, ["sign"]), "a public key that is not its own");
    const wrong = { ...alg, namedCurve: namedCurve === "P-256" ? "P-384" : "P-256" };
    await promise_rejects_dom(t, "DataError", subtle.importKey("spki", spki, wrong, true, ["verify"]));
    await promise_rejects_dom(t, "DataError", subtle.importKey("pkcs8", pkcs8, wrong, true, ["sign"]));
    await promise_rejects_dom(t, "DataError", subtle.importKey("spki", pkcs8, alg, true, ["verify"]));
    await promise_rejects_dom(t, "DataError", subtle.importKey("spki", spki, { name: "RSA-PSS", hash: "SHA-1" }, true, ["verify"]));
  }, `keys of ${namedCurve} go in and out`);
}

promise_test(async (t) => {
  const alg = { name: "ECDSA", namedCurve: "P-256" };
  const pub = publicPart(rfc7515EC);
  for (const [bad, what] of [
    [{ ...pub, kty: "RSA" }, "kty"], [{ ...pub, kty: undefined }, "no kty"], [{ ...pub, crv: "P-384" }, "crv"], [{ ...pub, crv: undefined }, "no crv"],
    [{ ...pub, x: undefined }, "no x"], [{ ...pub, y: undefined }, "no y"], [{ ...pub, x: pub.x + "A" }, "x is too long"], [{ ...pub, x: pub.y }, "no point"], [{ ...pub, x: "?" + pub.x.slice(1) }, "no base64url"],
    [{ ...pub, x: pub.x + "=" }, "padding"], [{ ...pub, x: pub.x.slice(0, 9) + "\n" + pub.x.slice(9) }, "a line break"],
    [{ ...pub, alg: "ES384" }, "alg"], [{ ...pub, use: "enc" }, "use"], [{ ...pub, key_ops: ["sign"] }, "key_ops"], [{ ...pub, key_ops: ["verify", "verify"] }, "key_ops twice"], [{ ...pub, ext: false }, "ext"],
  ]) await promise_rejects_dom(t, "DataError", jwk(bad, alg, ["verify"]), what);
  await promise_rejects_dom(t, "SyntaxError", jwk(rfc7515EC, alg, ["verify"]));
  await promise_rejects_dom(t, "SyntaxError", jwk(pub, alg, ["sign"]));
  await promise_rejects_dom(t, "SyntaxError", jwk(rfc7515EC, alg, []), "a private key for nothing");
  await promise_rejects_dom(t, "DataError", jwk({ ...rfc7515EC, d: rfc7515EC.x }, alg, ["sign"]), "d of another key");
  await promise_rejects_dom(t, "DataError", jwk({ ...rfc7515EC, d: "" }, alg, ["sign"]));
  await jwk({ ...pub, alg: "ES256", use: "sig", key_ops: ["verify", "sign", "x"], ext: true }, alg, ["verify"]);
  await jwk({ ...pub, ext: false }, alg, [], false);
  await jwk({ ...pub, alg: "anything" }, { name: "ECDH", namedCurve: "P-256" }, []);
  await promise_rejects_dom(t, "SyntaxError", jwk(pub, { name: "ECDH", namedCurve: "P-256" }, ["deriveBits"]));
}, "JWKs that are wrong");

promise_test(async (t) => {
  for (const name of ["ECDSA", "ECDH"]) {
    for (const namedCurve of ["", "p-256", "P-257", "K-256", "toString"]) await promise_rejects_dom(t, "NotSupportedError", subtle.generateKey({ name, namedCurve }, true, name === "ECDH" ? ["deriveBits"] : ["sign"]));
    await promise_rejects_js(t, TypeError, subtle.generateKey({ name }, true, ["sign"]));
  }
}, "curves that there are not");

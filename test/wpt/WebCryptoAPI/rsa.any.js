// META: title=WebCryptoAPI: RSA
// META: script=util.js
promise_test(async () => {
  const alg = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const priv = await jwk(rfc7515RSA, alg, ["sign"]);
  const pub = await jwk(publicPart(rfc7515RSA), alg, ["verify"]);
  const input = text("eyJhbGciOiJSUzI1NiJ9." + rfc7515Payload);
  const sig = await subtle.sign(alg.name, priv, input);
  assert_equals(b64url(sig), rfc7515RS256);
  assert_true(await subtle.verify(alg.name, pub, sig, input));
  for (const bad of [flip(sig, 0), flip(sig, -1), sig.slice(1), new Uint8Array(256), new Uint8Array()]) assert_false(await subtle.verify(alg.name, pub, bad, input));
  assert_equals(priv.algorithm.modulusLength, 2048);
  assert_equals(hex(priv.algorithm.publicExponent), "010001");
  assert_equals(priv.algorithm.hash.name, "SHA-256");
  const out = await subtle.exportKey("jwk", priv);
  assert_equals(out.alg, "RS256");
  for (const k of Object.keys(rfc7515RSA)) assert_equals(out[k], rfc7515RSA[k], k);
}, "RFC 7515 A.2");

promise_test(async (t) => {
  const alg = { name: "RSA-PSS", hash: "SHA-256" };
  const priv = await jwk(rfc7515RSA, alg, ["sign"]);
  const pub = await jwk(publicPart(rfc7515RSA), alg, ["verify"]);
  const most = 256 - 32 - 2;
  for (const saltLength of [0, 1, 20, 32, most]) {
    const a = { name: "RSA-PSS", saltLength };
    const one = await subtle.sign(a, priv, text("x"));
    const two = await subtle.sign(a, priv, text("x"));
    assert_equals(hex(one) === hex(two), saltLength === 0, "only what has no salt is the same twice");
    for (const other of [0, 1, 20, 32, most]) assert_equals(await subtle.verify({ ...a, saltLength: other }, pub, one, text("x")), other === saltLength, `${saltLength} as ${other}`);
    assert_false(await subtle.verify(a, pub, one, text("y")));
    assert_false(await subtle.verify(a, pub, flip(one, 9), text("x")));
    assert_false(await subtle.verify(a, pub, new Uint8Array(256).fill(255), text("x")));
    assert_false(await subtle.verify(a, pub, one.slice(1), text("x")));
  }
  for (const saltLength of [most + 1, 100000, 4294967295]) await promise_rejects_dom(t, "OperationError", subtle.sign({ name: "RSA-PSS", saltLength }, priv, text("x")));
  await promise_rejects_js(t, TypeError, subtle.sign("RSA-PSS", priv, text("x")));
  await promise_rejects_js(t, TypeError, subtle.sign({ name: "RSA-PSS", saltLength: -1 }, priv, text("x")));
}, "RSA-PSS, each length of salt");

for (const [hash, size] of [["SHA-1", 20], ["SHA-256", 32], ["SHA-384", 48], ["SHA-512", 64]]) {
  promise_test(async (t) => {
    const alg = { name: "RSA-OAEP", hash };
    const priv = await jwk(rfc7515RSA, alg, ["decrypt"]);
    const pub = await jwk(publicPart(rfc7515RSA), alg, ["encrypt"]);
    const most = 256 - 2 * size - 2;
    for (const n of [0, 1, most]) {
      for (const label of [undefined, text("label")]) {
        const a = label === undefined ? { name: "RSA-OAEP" } : { name: "RSA-OAEP", label };
        const out = await subtle.encrypt(a, pub, new Uint8Array(n).fill(7));
        assert_equals(out.byteLength, 256);
        assert_equals(hex(await subtle.decrypt(a, priv, out)), "07".repeat(n));
        await promise_rejects_dom(t, "OperationError", subtle.decrypt({ name: "RSA-OAEP", label: text("other") }, priv, out));
        await promise_rejects_dom(t, "OperationError", subtle.decrypt(a, priv, flip(out, 100)));
      }
    }
    await promise_rejects_dom(t, "OperationError", subtle.encrypt("RSA-OAEP", pub, new Uint8Array(most + 1)));
    for (const n of [0, 255, 257]) await promise_rejects_dom(t, "OperationError", subtle.decrypt("RSA-OAEP", priv, new Uint8Array(n)));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.encrypt("RSA-OAEP", priv, new Uint8Array(1)));
    assert_equals((await subtle.exportKey("jwk", pub)).alg, hash === "SHA-1" ? "RSA-OAEP" : "RSA-OAEP-" + hash.slice(4));
  }, `RSA-OAEP, ${hash}`);
}

promise_test(async () => {
  for (const [name, short] of [["RSASSA-PKCS1-v1_5", "RS"], ["RSA-PSS", "PS"]]) {
    for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
      const priv = await jwk({ ...rfc7515RSA, alg: short + hash.slice(4) }, { name, hash }, ["sign"]);
      const pub = await jwk(publicPart(rfc7515RSA), { name, hash }, ["verify"]);
      const alg = { name, saltLength: 8 };
      assert_true(await subtle.verify(alg, pub, await subtle.sign(alg, priv, text("x")), text("x")));
      assert_equals((await subtle.exportKey("jwk", pub)).alg, short + hash.slice(4));
      const pkcs8 = await subtle.exportKey("pkcs8", priv);
      const again = await subtle.importKey("pkcs8", pkcs8, { name, hash }, true, ["sign"]);
      assert_equals(hex(await subtle.exportKey("pkcs8", again)), hex(pkcs8));
      const spki = await subtle.exportKey("spki", pub);
      assert_equals(hex(await subtle.exportKey("spki", await subtle.importKey("spki", spki, { name, hash }, true, []))), hex(spki));
    }
  }
}, "signatures with each digest, keys in each form");

promise_test(async (t) => {
  const alg = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  for (const [bad, what] of [
    [{ kty: "EC" }, "kty"], [{ n: undefined }, "no n"], [{ e: undefined }, "no e"], [{ e: "AQAA" }, "an even e"], [{ e: "AQ" }, "e of 1"], [{ n: "AQAB" }, "a small n"], [{ n: rfc7515RSA.n.slice(4) }, "another n"],
    [{ p: undefined }, "no p"], [{ qi: undefined }, "no qi"], [{ qi: rfc7515RSA.dp }, "another qi"], [{ dp: rfc7515RSA.dq }, "another dp"], [{ d: rfc7515RSA.dq }, "another d"], [{ p: rfc7515RSA.q }, "the same prime twice"],
    [{ alg: "RS1" }, "alg"], [{ alg: "PS256" }, "alg of PSS"], [{ use: "enc" }, "use"], [{ d: "%" }, "no base64url"], [{ n: "A".repeat(20000) }, "a huge n"],
  ]) await promise_rejects_dom(t, "DataError", jwk({ ...rfc7515RSA, ...bad }, alg, ["sign"]), what);
  await promise_rejects_dom(t, "NotSupportedError", jwk({ ...rfc7515RSA, oth: [{ r: "AQ", d: "AQ", t: "AQ" }] }, alg, ["sign"]));
  await promise_rejects_dom(t, "NotSupportedError", raw(new Uint8Array(1), alg, ["verify"]));
  await promise_rejects_dom(t, "SyntaxError", jwk(rfc7515RSA, alg, ["verify"]));
  await promise_rejects_dom(t, "SyntaxError", jwk(rfc7515RSA, alg, []));
  const priv = await jwk(rfc7515RSA, alg, ["sign"]);
  const pub = await jwk(publicPart(rfc7515RSA), alg, []);
  await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("spki", priv));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("pkcs8", pub));
  await promise_rejects_dom(t, "NotSupportedError", subtle.exportKey("raw", pub));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.verify(alg.name, pub, new Uint8Array(256), text("x")), "no usage");
}, "keys that are wrong");

promise_test(async (t) => {
  const alg = { name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const { privateKey, publicKey } = await subtle.generateKey(alg, false, ["sign", "verify"]);
  assert_equals(privateKey.algorithm.modulusLength, 2048);
  assert_equals(hex(publicKey.algorithm.publicExponent), "010001");
  assert_true(publicKey.extractable);
  await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("pkcs8", privateKey));
  const sig = await subtle.sign({ name: "RSA-PSS", saltLength: 32 }, privateKey, text("x"));
  assert_true(await subtle.verify({ name: "RSA-PSS", saltLength: 32 }, publicKey, sig, text("x")));
  for (const bad of [{ modulusLength: 0 }, { modulusLength: 512 }, { modulusLength: 2049 }, { modulusLength: 8192 }, { modulusLength: 4294967295 }, { publicExponent: new Uint8Array() }, { publicExponent: new Uint8Array([1]) }, { publicExponent: new Uint8Array([1, 0, 0]) }]) {
    await promise_rejects_dom(t, "OperationError", subtle.generateKey({ ...alg, ...bad }, true, ["sign"]), JSON.stringify(bad));
  }
  for (const bad of [{ modulusLength: undefined }, { modulusLength: -1 }, { publicExponent: [1, 0, 1] }, { publicExponent: new Uint16Array([1]) }, { publicExponent: undefined }, { hash: undefined }]) {
    await promise_rejects_js(t, TypeError, subtle.generateKey({ ...alg, ...bad }, true, ["sign"]), JSON.stringify(bad));
  }
  await promise_rejects_dom(t, "NotSupportedError", subtle.generateKey({ ...alg, hash: "MD5" }, true, ["sign"]));
  await promise_rejects_dom(t, "SyntaxError", subtle.generateKey(alg, true, ["verify"]), "a private key for nothing");
  await promise_rejects_dom(t, "SyntaxError", subtle.generateKey(alg, true, ["encrypt"]));
  await promise_rejects_dom(t, "SyntaxError", subtle.generateKey({ ...alg, modulusLength: 7 }, true, ["encrypt"]), "usages come first");
}, "generateKey");

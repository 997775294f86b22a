// META: title=WebCryptoAPI: Ed25519 and X25519
// META: script=util.js
// RFC 8032 section 7.1, RFC 7748 sections 5.2 and 6.1, RFC 8037 appendix A.
const ed = [
  ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
  ["4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
  ["c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"],
];
const pkcs8 = (oid, d) => unhex(`302e020100300506032b65${oid}04220420${d}`);
const spki = (oid, x) => unhex(`302a300506032b65${oid}032100${x}`);

ed.forEach(([d, x, message, sig], i) => {
  promise_test(async () => {
    const priv = await subtle.importKey("pkcs8", pkcs8("70", d), "Ed25519", true, ["sign"]);
    const pub = await raw(unhex(x), "Ed25519", ["verify"]);
    assert_equals(hex(await subtle.sign("Ed25519", priv, unhex(message))), sig);
    assert_true(await subtle.verify({ name: "ed25519" }, pub, unhex(sig), unhex(message)));
    for (const bad of [flip(unhex(sig), 0), flip(unhex(sig), -1), unhex(sig).slice(1), unhex(sig + "00"), new Uint8Array(64), new Uint8Array()]) assert_false(await subtle.verify("Ed25519", pub, bad, unhex(message)));
    assert_false(await subtle.verify("Ed25519", pub, unhex(sig), unhex(message + "00")));
    assert_equals(hex(await subtle.exportKey("pkcs8", priv)), hex(pkcs8("70", d)));
    assert_equals(hex(await subtle.exportKey("spki", pub)), hex(spki("70", x)));
    assert_equals(hex(await subtle.exportKey("raw", pub)), x);
    const doc = await subtle.exportKey("jwk", priv);
    assert_equals(JSON.stringify(doc), JSON.stringify({ alg: "Ed25519", crv: "Ed25519", d: b64url(unhex(d)), ext: true, key_ops: ["sign"], kty: "OKP", x: b64url(unhex(x)) }));
    assert_equals(priv.algorithm.name, "Ed25519");
    assert_array_equals(Object.keys(priv.algorithm), ["name"]);
  }, `RFC 8032, test ${i + 1}`);
});

promise_test(async () => {
  const priv = await jwk({ kty: "OKP", crv: "Ed25519", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }, "Ed25519", ["sign"]);
  const sig = await subtle.sign("Ed25519", priv, text("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"));
  assert_equals(b64url(sig), "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}, "RFC 8037 A.4");

promise_test(async () => {
  // Every spelling of the points whose order divides 8, as a key and as R.
  const p = (1n << 255n) - 19n;
  const le = (n) => unhex(n.toString(16).padStart(64, "0")).reverse();
  const order8 = ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"];
  const points = [0n, 1n, p - 1n, p, p + 1n].map(le).concat(order8.map(unhex));
  const [, x] = ed[0];
  for (const y of points) {
    for (const sign of [0, 0x80]) {
      const point = y.slice();
      point[31] |= sign;
      const key = await raw(point, "Ed25519", ["verify"]);
      const honest = await raw(unhex(x), "Ed25519", ["verify"]);
      for (const r of points) {
        const sig = new Uint8Array(64);
        sig.set(r);
        assert_false(await subtle.verify("Ed25519", key, sig, text("anything")));
        assert_false(await subtle.verify("Ed25519", honest, sig, text("anything")));
      }
    }
  }
}, "keys and signatures of small order verify nothing");

promise_test(async (t) => {
  for (const [d, u, want] of [
    ["a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"],
    ["4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"],
  ]) {
    const priv = await subtle.importKey("pkcs8", pkcs8("6e", d), { name: "X25519" }, true, ["deriveBits", "deriveKey"]);
    const pub = await raw(unhex(u), "X25519", []);
    assert_equals(hex(await subtle.deriveBits({ name: "X25519", public: pub }, priv, 256)), want);
    assert_equals(hex(await subtle.deriveBits({ name: "X25519", public: pub }, priv)), want);
    assert_equals(hex(await subtle.deriveBits({ name: "X25519", public: pub }, priv, 128)), want.slice(0, 32));
    await promise_rejects_dom(t, "OperationError", subtle.deriveBits({ name: "X25519", public: pub }, priv, 257));
    const key = await subtle.deriveKey({ name: "X25519", public: pub }, priv, { name: "HMAC", hash: "SHA-256", length: 160 }, true, ["sign"]);
    assert_equals(hex(await subtle.exportKey("raw", key)), want.slice(0, 40));
  }
}, "RFC 7748 5.2");

promise_test(async () => {
  const a = await subtle.generateKey("X25519", true, ["deriveBits"]);
  const b = await subtle.generateKey("x25519", true, ["deriveBits"]);
  assert_equals(hex(await subtle.deriveBits({ name: "X25519", public: b.publicKey }, a.privateKey)), hex(await subtle.deriveBits({ name: "X25519", public: a.publicKey }, b.privateKey)));
  const doc = await subtle.exportKey("jwk", a.privateKey);
  assert_array_equals(Object.keys(doc), ["crv", "d", "ext", "key_ops", "kty", "x"]);
  const again = await jwk(doc, "X25519", ["deriveBits"]);
  assert_equals(hex(await subtle.exportKey("pkcs8", again)), hex(await subtle.exportKey("pkcs8", a.privateKey)));
  assert_equals(hex(await subtle.exportKey("spki", a.publicKey)), hex(spki("6e", hex(await subtle.exportKey("raw", a.publicKey)))));
}, "X25519 of new keys");

promise_test(async (t) => {
  const { privateKey } = await subtle.generateKey("X25519", true, ["deriveBits"]);
  for (const u of ["00".repeat(32), "01" + "00".repeat(31), "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"]) {
    const pub = await raw(unhex(u), "X25519", []);
    await promise_rejects_dom(t, "OperationError", subtle.deriveBits({ name: "X25519", public: pub }, privateKey, 256), u);
  }
  const ecdh = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ name: "X25519", public: ecdh.publicKey }, privateKey));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.deriveBits({ name: "X25519", public: privateKey }, privateKey));
}, "X25519 with points of small order");

for (const [name, oid, other, use, usePublic] of [["Ed25519", "70", "6e", "sign", ["verify"]], ["X25519", "6e", "70", "deriveBits", []]]) {
  promise_test(async (t) => {
    const d = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const priv = await subtle.importKey("pkcs8", pkcs8(oid, d), name, true, [use]);
    const doc = await subtle.exportKey("jwk", priv);
    await promise_rejects_dom(t, "DataError", subtle.importKey("pkcs8", pkcs8(other, d), name, true, [use]), "another algorithm");
    await promise_rejects_dom(t, "DataError", subtle.importKey("spki", spki(other, d), name, true, usePublic), "another algorithm");
    await promise_rejects_dom(t, "DataError", subtle.importKey("pkcs8", unhex(hex(pkcs8(oid, d)) + "00"), name, true, [use]), "data behind");
    for (const n of [0, 31, 33, 64]) await promise_rejects_dom(t, "DataError", raw(new Uint8Array(n), name, usePublic));
    for (const bad of [{ kty: "EC" }, { crv: "Ed448" }, { crv: undefined }, { x: undefined }, { d: "AA" }, { x: b64url(new Uint8Array(32).fill(9)) }, { x: doc.x + "AA" }, { ext: false }, { key_ops: [] }, { use: name === "Ed25519" ? "enc" : "sig" }]) await promise_rejects_dom(t, "DataError", jwk({ ...doc, ...bad }, name, [use]), JSON.stringify(bad));
    if (name === "Ed25519") {
      await promise_rejects_dom(t, "DataError", jwk({ ...doc, alg: "ES256" }, name, [use]));
      await jwk({ ...doc, alg: "EdDSA" }, name, [use]);
    }
    await promise_rejects_dom(t, "SyntaxError", jwk(doc, name, ["encrypt"]));
    await promise_rejects_dom(t, "SyntaxError", jwk(doc, name, []));
    await promise_rejects_dom(t, "SyntaxError", raw(new Uint8Array(32), name, [use]));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("raw", priv));
    await promise_rejects_dom(t, "InvalidAccessError", subtle.exportKey("spki", priv));
  }, `${name}: keys that are wrong`);
}

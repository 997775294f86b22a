// Uses crypto.subtle without a built-in method of its own, so that it can do the
// same when all of them are overwritten.
on("subtle", async () => {
  const { log: say } = console;
  const { subtle } = crypto;
  const uses = (...list) => ({ [iterator]: () => ({ n: 0, next() { return this.n < list.length ? { done: false, value: list[this.n++] } : { done: true, value: undefined }; } }) });
  const hex = (buffer) => {
    const view = new Bytes(buffer);
    let out = "";
    for (let i = 0, n = lengthOf(view); i < n; i++) out += (view[i] < 16 ? "0" : "") + toString(view[i], 16);
    return out;
  };
  say(hex(await subtle.digest("SHA-256", abc)));
  const mac = await subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, true, uses("sign", "verify"));
  const tag = await subtle.sign("HMAC", mac, abc);
  say(hex(tag), await subtle.verify("HMAC", mac, tag, abc), await subtle.verify("HMAC", mac, abc, abc));
  say(mac.type, mac.extractable, mac.algorithm.name, mac.algorithm.hash.name, mac.algorithm.length, mac.usages[0], mac.usages[1], mac.usages.length);
  const doc = await subtle.exportKey("jwk", mac);
  say(doc.kty, doc.k, doc.alg, doc.ext, doc.key_ops.length);
  say(hex(await subtle.exportKey("raw", await subtle.importKey("jwk", { kty: "oct", k: doc.k }, { name: "HMAC", hash: "SHA-1" }, true, uses("sign")))));

  const password = await subtle.importKey("raw", secret, "PBKDF2", false, uses("deriveKey", "deriveBits"));
  const how = { name: "PBKDF2", hash: "SHA-256", salt: abc, iterations: 1000 };
  say(hex(await subtle.deriveBits(how, password, 128)));
  const key = await subtle.deriveKey(how, password, { name: "AES-GCM", length: 256 }, false, uses("encrypt", "decrypt", "wrapKey", "unwrapKey"));
  const alg = { name: "AES-GCM", iv: nonce, additionalData: abc };
  const box = await subtle.encrypt(alg, key, secret);
  say(hex(box), hex(await subtle.decrypt(alg, structuredClone(key), box)) === hex(secret));

  const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, uses("sign", "verify"));
  const wrapped = await subtle.wrapKey("pkcs8", pair.privateKey, key, alg);
  const back = await subtle.unwrapKey("pkcs8", wrapped, key, alg, { name: "ECDSA", namedCurve: "P-256" }, false, uses("sign"));
  const sig = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, back, abc);
  say(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, pair.publicKey, sig, abc), back.extractable);
  const tries = [() => subtle.exportKey("raw", key), () => subtle.digest("none", abc), () => subtle.digest("SHA-1", 5), () => subtle.decrypt({ name: "AES-GCM", iv: abc }, key, box), () => new CryptoKey(), () => subtle.encrypt({ name: "AES-GCM", iv: nonce }, mac, abc), () => subtle.importKey("jwk", {}, "AES-GCM", true, uses("encrypt"))];
  for (let i = 0; i < tries.length; i++) {
    try {
      await tries[i]();
      say("no error");
    } catch (e) {
      say(e.name, e.message, e instanceof DOMException);
    }
  }
  say("end");
});

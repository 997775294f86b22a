import assert from "node:assert/strict";
import test from "node:test";
import { createTestBot } from "@flora/sdk/testing";

// The same examples of standards are in test/wpt/WebCryptoAPI, where Go computes them.
test("crypto.subtle", async () => {
  const bot = await createTestBot(`
const { subtle } = crypto;
const hex = (b) => Array.from(new Uint8Array(b), (x) => x.toString(16).padStart(2, "0")).join("");
const text = (s) => new TextEncoder().encode(s);
createBot({ slashCommands: [slash({ name: "a", description: "d", run: async (ctx) => {
  console.log(hex(await subtle.digest("SHA-1", text("abc"))));
  const mac = await subtle.importKey("raw", text("Jefe"), { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
  console.log(hex(await subtle.sign("HMAC", mac, text("what do ya want for nothing?"))));
  console.log(mac.algorithm.length, mac.algorithm.hash.name, (await subtle.exportKey("jwk", mac)).alg);
  const password = await subtle.importKey("raw", text("password"), "PBKDF2", false, ["deriveBits", "deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-1", salt: text("salt"), iterations: 4096 };
  console.log(hex(await subtle.deriveBits(how, password, 160)));
  const key = await subtle.deriveKey(how, password, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const alg = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: text("more") };
  const box = await subtle.encrypt(alg, structuredClone(key), text("secret"));
  console.log(new TextDecoder().decode(await subtle.decrypt(alg, key, box)), key.extractable);
  await subtle.exportKey("raw", key).catch((e) => console.log(e instanceof DOMException, e.name));
  await subtle.decrypt({ ...alg, iv: new Uint8Array(13) }, key, box).catch((e) => console.log(e instanceof DOMException, e.name));
  await subtle.digest("MD5", box).catch((e) => console.log(e.name));
  for (const [made, use] of [[{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }], [{ name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, { name: "RSA-PSS", saltLength: 32 }], ["Ed25519", "Ed25519"]]) {
    const { privateKey, publicKey } = await subtle.generateKey(made, true, ["sign", "verify"]);
    const again = await subtle.importKey("jwk", await subtle.exportKey("jwk", publicKey), made, true, ["verify"]);
    console.log(await subtle.verify(use, again, await subtle.sign(use, privateKey, box), box), await subtle.verify(use, again, box, box));
  }
  const a = await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, false, ["deriveBits"]);
  const b = await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, false, ["deriveBits"]);
  console.log(hex(await subtle.deriveBits({ name: "ECDH", public: a.publicKey }, b.privateKey, 384)) === hex(await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, null)));
  const kek = await subtle.importKey("raw", new Uint8Array(16).map((_, i) => i), "AES-KW", false, ["wrapKey", "unwrapKey"]);
  const inner = await subtle.importKey("raw", Uint8Array.from({ length: 16 }, (_, i) => i * 17), { name: "AES-CBC" }, true, ["encrypt"]);
  const wrapped = await subtle.wrapKey("raw", inner, kek, "AES-KW");
  const back = await subtle.unwrapKey("raw", wrapped, kek, "AES-KW", "AES-CBC", true, ["encrypt"]);
  console.log(hex(wrapped), hex(await subtle.exportKey("raw", back)));
} })] });`);
  await bot.slash("a");
  assert.deepEqual(bot.logs.map((l) => l.text), [
    "a9993e364706816aba3e25717850c26c9cd0d89d",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "32 SHA-256 HS256",
    "4b007901b765489abead49d926f721d065a429c1",
    "secret false",
    "true InvalidAccessError",
    "true OperationError",
    "NotSupportedError",
    "true false",
    "true false",
    "true false",
    "true",
    "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5 00112233445566778899aabbccddeeff",
  ]);
});

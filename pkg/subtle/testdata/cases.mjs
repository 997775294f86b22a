// Operations with what Node's crypto makes of them, as JSON: random keys and data,
// so that each run asks for others.
import { webcrypto } from "node:crypto";
const { subtle } = webcrypto;
const b64 = (b) => Buffer.from(b).toString("base64");
const random = (n) => webcrypto.getRandomValues(new Uint8Array(n));
const cases = [];
const add = (name, request, want) => cases.push({ name, request, want });
const hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const data = random(1000);

async function key(k, format) {
  const { name, namedCurve, hash } = k.algorithm;
  return { type: k.type, alg: { name, namedCurve, hash: hash?.name }, extractable: true, usages: k.usages, data: b64(await subtle.exportKey(format, k)) };
}
const keys = async (pair) => [await key(pair.privateKey, "pkcs8"), await key(pair.publicKey, "spki")];

for (const hash of hashes) {
  add(hash, { do: "digest", alg: { name: hash }, data: b64(data) }, b64(await subtle.digest(hash, data)));
  const mac = await subtle.importKey("raw", random(77), { name: "HMAC", hash }, true, ["sign"]);
  add(`HMAC ${hash}`, { do: "sign", alg: { name: "HMAC" }, key: await key(mac, "raw"), data: b64(data) }, b64(await subtle.sign("HMAC", mac, data)));
  const secret = random(33), salt = random(9), info = random(5);
  const hkdf = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  add(`HKDF ${hash}`, { do: "deriveBits", alg: { name: "HKDF", hash, salt: b64(salt), info: b64(info) }, key: { type: "secret", data: b64(secret) }, length: 1600 }, b64(await subtle.deriveBits({ name: "HKDF", hash, salt, info }, hkdf, 1600)));
  const pbkdf2 = await subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
  add(`PBKDF2 ${hash}`, { do: "deriveBits", alg: { name: "PBKDF2", hash, salt: b64(salt), iterations: 77 }, key: { type: "secret", data: b64(secret) }, length: 1600 }, b64(await subtle.deriveBits({ name: "PBKDF2", hash, salt, iterations: 77 }, pbkdf2, 1600)));
  const rsa = { hash, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const v15 = await subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", ...rsa }, true, ["sign", "verify"]);
  let [priv, pub] = await keys(v15);
  const sig = await subtle.sign("RSASSA-PKCS1-v1_5", v15.privateKey, data);
  add(`RSASSA-PKCS1-v1_5 ${hash}, signed`, { do: "sign", alg: { name: "RSASSA-PKCS1-v1_5" }, key: priv, data: b64(data) }, b64(sig));
  add(`RSASSA-PKCS1-v1_5 ${hash}`, { do: "verify", alg: { name: "RSASSA-PKCS1-v1_5" }, key: pub, data: b64(data), signature: b64(sig) }, true);
  for (const saltLength of [0, 7, 20]) {
    const pss = await subtle.importKey("pkcs8", Buffer.from(priv.data, "base64"), { name: "RSA-PSS", hash }, true, ["sign"]);
    const signature = await subtle.sign({ name: "RSA-PSS", saltLength }, pss, data);
    const k = { ...pub, alg: { name: "RSA-PSS", hash } };
    add(`RSA-PSS ${hash}, salt of ${saltLength}`, { do: "verify", alg: { name: "RSA-PSS", saltLength }, key: k, data: b64(data), signature: b64(signature) }, true);
    if (saltLength === 0) add(`RSA-PSS ${hash}, signed`, { do: "sign", alg: { name: "RSA-PSS" }, key: { ...priv, alg: k.alg }, data: b64(data) }, b64(signature));
  }
  const oaep = await subtle.importKey("spki", Buffer.from(pub.data, "base64"), { name: "RSA-OAEP", hash }, true, ["encrypt"]);
  const label = random(4);
  add(`RSA-OAEP ${hash}`, { do: "decrypt", alg: { name: "RSA-OAEP", label: b64(label) }, key: { ...priv, alg: { name: "RSA-OAEP", hash } }, data: b64(await subtle.encrypt({ name: "RSA-OAEP", label }, oaep, data.subarray(0, 50))) }, b64(data.subarray(0, 50)));
}
for (const namedCurve of ["P-256", "P-384", "P-521"]) {
  const pair = await subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
  const [, pub] = await keys(pair);
  for (const hash of hashes) add(`ECDSA ${namedCurve} ${hash}`, { do: "verify", alg: { name: "ECDSA", hash }, key: pub, data: b64(data), signature: b64(await subtle.sign({ name: "ECDSA", hash }, pair.privateKey, data)) }, true);
}
for (const alg of [{ name: "ECDH", namedCurve: "P-256" }, { name: "ECDH", namedCurve: "P-384" }, { name: "ECDH", namedCurve: "P-521" }, { name: "X25519" }]) {
  const [a, b] = [await subtle.generateKey(alg, true, ["deriveBits"]), await subtle.generateKey(alg, true, ["deriveBits"])];
  add(`${alg.name} ${alg.namedCurve}`, { do: "deriveBits", alg: { name: alg.name, public: (await keys(b))[1] }, key: (await keys(a))[0] }, b64(await subtle.deriveBits({ name: alg.name, public: b.publicKey }, a.privateKey, null)));
}
const ed = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
const edSig = b64(await subtle.sign("Ed25519", ed.privateKey, data));
add("Ed25519, signed", { do: "sign", alg: { name: "Ed25519" }, key: (await keys(ed))[0], data: b64(data) }, edSig);
add("Ed25519", { do: "verify", alg: { name: "Ed25519" }, key: (await keys(ed))[1], data: b64(data), signature: edSig }, true);
for (const bits of [128, 192, 256]) {
  const iv = random(16), nonce = random(12), more = random(20);
  for (const [alg, wire] of [
    [{ name: "AES-CBC", iv }, { iv: b64(iv) }],
    [{ name: "AES-CTR", counter: iv, length: 100 }, { counter: b64(iv), length: 100 }],
    [{ name: "AES-CTR", counter: new Uint8Array(16).fill(255), length: 6 }, { counter: b64(new Uint8Array(16).fill(255)), length: 6 }],
    [{ name: "AES-GCM", iv: nonce, additionalData: more }, { iv: b64(nonce), additionalData: b64(more) }],
    [{ name: "AES-GCM", iv, tagLength: 96 }, { iv: b64(iv), tagLength: 96 }],
    [{ name: "AES-GCM", iv, tagLength: 32 }, { iv: b64(iv), tagLength: 32 }],
  ]) {
    const raw = random(bits / 8);
    const k = await subtle.importKey("raw", raw, alg.name, true, ["encrypt"]);
    const sealed = b64(await subtle.encrypt(alg, k, data));
    const request = { alg: { name: alg.name, ...wire }, key: { type: "secret", alg: { name: alg.name }, data: b64(raw) } };
    add(`${alg.name} ${bits}, encrypted`, { do: "encrypt", ...request, data: b64(data) }, sealed);
    add(`${alg.name} ${bits}, decrypted`, { do: "decrypt", ...request, data: sealed }, b64(data));
  }
}
console.log(JSON.stringify(cases));

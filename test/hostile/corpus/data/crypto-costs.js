// What would take minutes or gigabytes is refused at once; what takes a while
// does not hold up the script.
// expect: ok
// log: finished refused
const { subtle } = crypto;
const key = await subtle.importKey("raw", new Uint8Array(1), "PBKDF2", false, ["deriveBits"]);
const derive = (iterations, length) => subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(1), iterations }, key, length);
const rsa = (modulusLength) => subtle.generateKey({ name: "RSA-PSS", hash: "SHA-1", modulusLength, publicExponent: new Uint8Array([1, 0, 1]) }, true, ["sign"]);
const names = [];
for (const f of [() => derive(4294967295, 8), () => derive(1, 4294967288), () => rsa(65536), () => rsa(16384), () => subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 4294967295 }, true, ["sign"]),
  () => subtle.importKey("spki", new Uint8Array(2_000_000).fill(0x30), { name: "RSA-PSS", hash: "SHA-1" }, true, ["verify"]),
  () => subtle.importKey("jwk", { kty: "RSA", n: "A".repeat(1_000_000), e: "AQAB" }, { name: "RSA-PSS", hash: "SHA-1" }, true, ["verify"])]) names.push(await tried(f));
let ticks = 0;
const timer = setInterval(() => ticks++, 1);
await derive(30000, 512);
clearInterval(timer);
return names.every((n) => n !== "fine") && ticks > 0 ? "refused" : `${names} ${ticks}`;

// The budget ends, or the time of the handler: those that wait are refused, and it goes on.
// slow: yes
// expect: ok
// log: finished (QuotaExceeded|Timeout)Error
const { subtle } = crypto;
const key = await subtle.importKey("raw", new Uint8Array(1), "PBKDF2", false, ["deriveBits"]);
for (let i = 0; i < 100; i++) {
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(1), iterations: 300000 }, key, 512)));
  const lost = all.find((r) => r.status === "rejected");
  if (lost !== undefined) return lost.reason.name;
}
return "nothing was refused";

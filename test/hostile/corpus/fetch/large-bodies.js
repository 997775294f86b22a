// expect: ok, type, rate, mem, cpu
const got = [];
for (const n of [8 << 20, (8 << 20) + 1, 11 << 20, 20 << 20]) got.push(await tried(() => fetch("http://10.0.0.1/", { method: "POST", body: new Uint8Array(n) })));
for (const n of [8 << 20, 13 << 20, 20 << 20]) got.push(await tried(() => fetch("http://10.0.0.1/", { method: "POST", body: "€".repeat(n / 3) })));
await Promise.all(Array.from({ length: 100 }, () => tried(() => fetch("http://10.0.0.1/", { method: "POST", body: new Uint8Array(1 << 20) }))));
return got.join();

// expect: ok
const s = store("keys"), got = [];
for (const key of ["", "\u0000", "a\u0000b", "\ud800", "x".repeat(513), "\u{1f600}".repeat(513), "k".repeat(1e6), "../../own/secret", "__proto__", "constructor", "hasOwnProperty", 5, null, {}, [], Symbol("x"), undefined])
	got.push(await tried(async () => { await s.set(key, "v"); if (await s.get(key) !== "v") throw Object.assign(new Error(), { code: "LOST" }); }));
if (got.includes("LOST")) throw new Error(got.join());
return got.join();

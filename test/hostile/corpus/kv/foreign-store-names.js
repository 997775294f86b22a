// A store's name is the guild's own, whatever it spells.
// expect: ok
const got = [];
for (const name of ["own", "../" + IDS.guild + "/own", IDS.guild + "/own", "..", ".", "/", "", "\u0000", "own\u0000", "a".repeat(65), "__proto__", "constructor", "hasOwnProperty", "%2e%2e", "own/../own", " own", "OWN", "\ud800"])
	got.push(await tried(async () => { const v = await store(name).get("secret"); if (v !== null) throw Object.assign(new Error(v), { code: "LEAK" }); }));
if (got.includes("LEAK")) throw new Error(got.join());
return got.join();

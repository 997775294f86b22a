// expect: ok
const got = [];
for (const cursor of ["", "x", "%%%", "AAAA", "\u0000", "../..", "x".repeat(1e5), btoaLike("own/secret"), 5, {}, IDS.guild]) got.push(await tried(() => store("s").list({ cursor })));
function btoaLike(s) { return Array.from(s, (c) => c.charCodeAt(0).toString(16)).join(""); }
return got.join();

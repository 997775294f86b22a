// The same key by many at once: the last value is one of theirs.
// expect: ok
const s = store("concurrent");
const all = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => i % 3 ? s.set("k", "v" + i) : s.delete("k")));
const v = await s.get("k");
if (v !== null && !/^v\d+$/.test(v)) throw new Error(v);
return all.filter((r) => r.status === "rejected").length;

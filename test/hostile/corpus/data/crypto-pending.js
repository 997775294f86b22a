// More operations than may wait are refused, one by one, and the others end.
// expect: ok
// log: finished RangeError true
const all = await Promise.allSettled(Array.from({ length: 1500 }, () => crypto.subtle.digest("SHA-1", new Uint8Array(8))));
return all.find((r) => r.status === "rejected").reason.name + " " + (all.filter((r) => r.status === "fulfilled").length > 20);

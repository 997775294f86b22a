// expect: ok
const got = [];
for (const expiration of [-1, 0, 1, NaN, Infinity, 2 ** 53, 2 ** 63, 1e300, "5", {}, null, 1.5, -(2n ** 63n), 2n ** 64n]) got.push(await tried(() => store("s").set("k", "v", { expiration })));
return got.join();

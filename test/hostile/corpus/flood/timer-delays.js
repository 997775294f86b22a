// expect: ok
for (const ms of [-1, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, 1e308, "x", {}, null, [], { valueOf() { return 5; } }]) clearTimeout(setTimeout(() => {}, ms));
for (const id of [0, -1, NaN, 2 ** 53, "x", {}, null]) clearTimeout(id);
return "fine";

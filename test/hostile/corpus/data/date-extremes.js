// expect: ok
const out = [];
for (const t of [8.64e15, -8.64e15, 8.64e15 + 1, NaN, -0, 2 ** 53, 1e300]) out.push(String(new Date(t)), new Date(t).getTimezoneOffset());
return out.length;

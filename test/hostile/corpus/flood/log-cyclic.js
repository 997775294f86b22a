// expect: ok
const o = { a: [] };
o.a.push(o, new Map([[o, o]]), new Set([o]));
console.log(o);

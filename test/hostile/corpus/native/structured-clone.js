// expect: cpu, type, kill, ok
const o = {};
let p = o;
for (let i = 0; i < 1e6; i++) p = p.next = { o };
return typeof structuredClone(o);

// expect: mem, cpu, kill, type, ok
let p = {};
for (let i = 0; i < 1e6; i++) p = Object.create(p);
return p.x;

// expect: cpu, kill, type, ok
let a = [];
for (let i = 0; i < 1e5; i++) a = [a];
return a.flat(Infinity).length;

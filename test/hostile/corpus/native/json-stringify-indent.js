// expect: cpu, kill, mem, type, ok
let o = {};
for (let i = 0; i < 2000; i++) o = { o };
return JSON.stringify(o, null, "          ").length;

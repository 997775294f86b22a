// expect: mem, cpu, kill, type
let s = "";
for (let i = 0; ; i++) { s += i; s += "x".repeat(100); }

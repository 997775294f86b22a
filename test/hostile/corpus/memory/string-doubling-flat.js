// expect: type, mem, kill, cpu
let s = "x";
for (;;) { s += s; s.indexOf("y"); }

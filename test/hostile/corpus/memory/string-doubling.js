// expect: type, mem
let s = "x";
for (;;) s += s;

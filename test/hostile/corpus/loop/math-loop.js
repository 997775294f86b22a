// expect: cpu
let x = 0;
for (;;) x = Math.sin(x) + Math.random();

// expect: cpu
const r = /a?/g;
for (;;) { r.lastIndex = 0; r.exec("b"); }

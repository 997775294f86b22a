// expect: mem, cpu, kill
let l = null;
for (;;) l = { l };

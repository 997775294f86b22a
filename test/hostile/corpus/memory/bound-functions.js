// expect: mem, cpu, kill, type
let f = () => 0;
for (;;) f = f.bind(null);

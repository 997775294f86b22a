// expect: mem, cpu, kill
const a = [];
for (;;) a.push(Symbol("x".repeat(1000)));

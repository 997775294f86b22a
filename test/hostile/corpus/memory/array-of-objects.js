// expect: mem, cpu, kill
const a = [];
for (;;) a.push({ x: {} });

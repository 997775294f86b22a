// expect: mem, cpu, kill
const a = [];
for (;;) a.push(new Error("x".repeat(1000)));

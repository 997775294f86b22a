// expect: mem, cpu, kill
const a = [];
for (let i = 0; ; i++) a.push("x".repeat(1e5) + i);

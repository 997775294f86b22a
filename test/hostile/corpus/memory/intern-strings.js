// expect: cpu, mem, kill
const o = {};
for (let i = 0; ; i++) o["x".repeat(1000) + i] = 1;

// expect: mem, cpu, kill
const a = [];
for (let i = 0n; ; i++) a.push((1n << 80000n) + i);

// expect: type, cpu
const a = [];
for (;;) a.push(new Uint8Array(16 << 20).fill(1));

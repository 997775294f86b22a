// expect: type, mem, kill, cpu
const a = [];
for (;;) a.push(new Uint8Array(new SharedArrayBuffer(16 << 20)).fill(1));

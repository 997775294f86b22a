// expect: type, mem, kill, cpu
const a = [];
for (;;) { const b = new ArrayBuffer(8, { maxByteLength: 64 << 20 }); b.resize(32 << 20); new Uint8Array(b).fill(1); a.push(b); }

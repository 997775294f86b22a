// Small buffers are mostly heap.
// expect: mem, cpu, kill, type
const a = [];
for (;;) a.push(new Uint8Array(64));

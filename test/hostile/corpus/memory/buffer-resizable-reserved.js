// Reserves address space only.
// expect: type, mem, kill, cpu, ok
const a = [];
for (let i = 0; i < 10000; i++) a.push(new ArrayBuffer(0, { maxByteLength: 2 ** 32 }));
return a.length;

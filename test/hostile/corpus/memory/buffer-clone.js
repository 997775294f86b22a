// expect: type, mem, kill
const b = new ArrayBuffer(16 << 20), a = [];
for (;;) a.push(structuredClone(b));

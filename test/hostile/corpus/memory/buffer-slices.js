// expect: type, mem, cpu
const a = [new ArrayBuffer(8 << 20)];
for (;;) a.push(a[0].slice(0));

// expect: type
const a = [];
for (;;) a.push(new Uint8Array(16 << 20));

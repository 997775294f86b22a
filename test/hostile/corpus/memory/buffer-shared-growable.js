// expect: type, mem, kill
const b = new SharedArrayBuffer(8, { maxByteLength: 2 ** 32 });
b.grow(2 ** 31);
return new Uint8Array(b).fill(1).length;

// expect: type, mem, kill
const b = new ArrayBuffer(8, { maxByteLength: 2 ** 32 });
b.resize(2 ** 31);
return new Uint8Array(b).fill(1).length;

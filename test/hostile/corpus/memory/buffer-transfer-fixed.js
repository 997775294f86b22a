// expect: type
let b = new ArrayBuffer(1 << 20, { maxByteLength: 2 ** 31 });
b.resize(2 ** 30);
return b.transferToFixedLength(2 ** 31).byteLength;

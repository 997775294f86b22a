// expect: type
return new ArrayBuffer(2 ** 53 - 1).byteLength;

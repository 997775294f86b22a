// expect: type
return new Uint8Array(2 ** 32).fill(1).length;

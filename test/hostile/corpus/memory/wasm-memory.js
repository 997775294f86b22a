// expect: type
return new WebAssembly.Memory({ initial: 8192 }).buffer.byteLength;

// expect: type
return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor.name;

// expect: type
const a = [];
for (let i = 0; i < 1000; i++) a.push(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
return a.length;

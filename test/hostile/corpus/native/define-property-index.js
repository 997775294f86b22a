// expect: ok, kill, cpu, mem
const a = [];
Object.defineProperty(a, 2 ** 32 - 2, { value: 1, writable: true, configurable: true, enumerable: true });
a.length = 2 ** 32 - 1;
return a.reverse().length;

// Grown by transfer instead of by new.
// expect: type, cpu
let b = new ArrayBuffer(1 << 20);
for (let n = 2; ; n *= 2) b = b.transfer(n << 20);

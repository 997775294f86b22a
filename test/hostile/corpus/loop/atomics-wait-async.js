// expect: cpu, type, ok
return Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100000).value;

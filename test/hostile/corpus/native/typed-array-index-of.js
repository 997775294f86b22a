// expect: ok, kill, cpu, type
return new Uint8Array(2 ** 25).indexOf(1);

// expect: ok, kill, cpu, type
const a = [];
a[2 ** 32 - 2] = 1;
a.length = 0;
return a.length;

// expect: cpu, kill, mem, type
return String.raw({ raw: { length: 2 ** 32 } }).length;

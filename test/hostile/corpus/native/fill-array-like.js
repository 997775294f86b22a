// expect: cpu, kill, mem, type
return [].fill.call({ length: 2 ** 53 - 1 }, 0);

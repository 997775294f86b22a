// expect: cpu, kill, type
return [].copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0);

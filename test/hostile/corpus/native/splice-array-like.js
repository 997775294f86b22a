// expect: cpu, kill, type
return [].splice.call({ length: 2 ** 53 - 1 }, 0, 1);

// expect: cpu, kill, type
return [].unshift.call({ length: 2 ** 53 - 2 }, 1);

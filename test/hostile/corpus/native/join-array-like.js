// expect: cpu, kill, type
return [].join.call({ length: 2 ** 31 }, "");

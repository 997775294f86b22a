// expect: cpu, kill
return [].reverse.call({ length: 2 ** 53 - 1 });

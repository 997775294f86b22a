// expect: cpu, kill, mem, type
return Object.keys(Object.assign({}, "x".repeat(2 ** 25))).length;

// expect: kill, cpu, type, mem, ok
return new Float64Array(2 ** 22).map(() => Math.random()).sort().length;

// expect: cpu, kill, ok, type, mem
return new Array(2 ** 27).sort().length;

// expect: cpu, kill, mem, type
return Math.max(...new Array(2 ** 26));

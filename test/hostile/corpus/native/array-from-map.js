// expect: cpu, kill, mem
return Array.from({ length: 2 ** 28 }, (_, i) => i).length;

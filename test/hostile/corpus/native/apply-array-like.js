// expect: cpu, kill, type
return Math.max.apply(null, { length: 2 ** 27 });

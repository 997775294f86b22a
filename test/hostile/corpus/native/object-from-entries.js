// expect: cpu, kill, mem
return Object.keys(Object.fromEntries(Array.from({ length: 1e7 }, (_, i) => ["k" + i, i]))).length;

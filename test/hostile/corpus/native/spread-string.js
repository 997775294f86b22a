// expect: cpu, mem, kill
return [..."x".repeat(2 ** 28)].length;

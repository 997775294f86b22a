// expect: cpu, kill, mem, type
return Object.getOwnPropertyNames(new String("x".repeat(2 ** 26))).length;

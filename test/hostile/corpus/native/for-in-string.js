// expect: cpu, kill, mem, type, ok
for (const k in new String("x".repeat(2 ** 25))) k;

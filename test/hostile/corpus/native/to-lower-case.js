// expect: kill, mem, type, cpu, ok
return "\u0130".repeat(2 ** 26).toLowerCase().length;

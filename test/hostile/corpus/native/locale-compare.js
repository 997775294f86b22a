// expect: kill, mem, type, cpu, ok
return "x".padEnd(2 ** 29 - 30).localeCompare("x".padEnd(2 ** 29 - 31));

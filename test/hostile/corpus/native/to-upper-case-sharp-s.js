// expect: kill, mem, type, cpu, ok
return "\u00df".repeat(2 ** 27).toUpperCase().length;

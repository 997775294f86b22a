// expect: kill, cpu, type, mem
return "a".repeat(2 ** 28).replaceAll("a", "bb").length;

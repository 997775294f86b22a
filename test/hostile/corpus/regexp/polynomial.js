// expect: cpu, ok
return /\s+\s+\s+$/.test(" ".repeat(20000) + "x");

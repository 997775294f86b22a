// expect: cpu, kill, ok
return "x".repeat(2 ** 27).split("", 10).length;

// expect: type, cpu, mem, ok, kill
return Function("x".repeat(1).concat("=1;x".repeat(1e6)) + ";return 1")();

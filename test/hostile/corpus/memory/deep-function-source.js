// expect: type, cpu, ok
return Function("return " + "-".repeat(1).concat(" -".repeat(1e5)) + "1")();

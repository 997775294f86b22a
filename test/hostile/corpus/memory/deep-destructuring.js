// expect: type, cpu, ok
return Function("let " + "[".repeat(1e4) + "x" + "]".repeat(1e4) + " = []; return x")();

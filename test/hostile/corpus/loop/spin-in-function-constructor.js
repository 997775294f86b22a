// expect: cpu
Function("for(;;);")();

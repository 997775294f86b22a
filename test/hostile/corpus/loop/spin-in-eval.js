// expect: cpu
(0, eval)("for(;;);");

// expect: type
Error.stackTraceLimit = 0;
throw new TypeError("x");

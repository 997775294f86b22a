// expect: type, cpu, ok
Object.defineProperty(Error, "stackTraceLimit", { get() { for (;;); } });
throw new TypeError("x");

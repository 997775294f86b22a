// expect: cpu
Error.stackTraceLimit = Infinity;
const f = (n) => n ? f(n - 1) : new Error("x").stack;
for (;;) f(500);

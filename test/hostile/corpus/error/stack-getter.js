// expect: cpu, type, ok
throw Object.defineProperty(new Error("x"), "stack", { get() { for (;;); } });

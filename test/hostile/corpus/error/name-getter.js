// expect: cpu, type, ok
throw Object.defineProperty(new Error("x"), "name", { get() { for (;;); } });

// expect: cpu, type, ok
throw new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } });

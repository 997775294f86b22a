// expect: type, cpu, ok
Promise.reject(new Proxy({}, { get() { for (;;); } }));
await new Promise((r) => setTimeout(r, 200));

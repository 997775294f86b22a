// expect: cpu
Object.defineProperty(Object.prototype, "then", { get() { for (;;); }, configurable: true });
await {};

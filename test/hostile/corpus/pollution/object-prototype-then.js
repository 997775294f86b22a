// expect: ok, cpu, type
Object.defineProperty(Object.prototype, "then", { value(r) { r(1); }, configurable: true });
await rest.fetchGuild();

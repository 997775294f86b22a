// expect: ok
Object.defineProperty(Object.prototype, "get", { value() { throw new Error("get"); } });
await rest.fetchGuild();

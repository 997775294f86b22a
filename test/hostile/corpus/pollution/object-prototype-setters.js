// expect: type
for (const k of ["content", "channelId", "value", "0", "1", "name", "id"]) Object.defineProperty(Object.prototype, k, { set() { throw new Error("set " + k); }, get() { return undefined; }, configurable: true });
await rest.fetchGuild();

// expect: ok, type
Object.freeze(globalThis);
await rest.fetchGuild();

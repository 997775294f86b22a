// expect: ok
Object.freeze(globalThis);
await rest.fetchGuild();

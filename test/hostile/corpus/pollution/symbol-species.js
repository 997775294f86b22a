// expect: ok
Object.defineProperty(Promise, Symbol.species, { get() { throw new Error("species"); } });
await rest.fetchGuild();

// expect: ok
Object.freeze(Object.prototype);
Object.freeze(Array.prototype);
Object.freeze(Promise.prototype);
await rest.fetchGuild();

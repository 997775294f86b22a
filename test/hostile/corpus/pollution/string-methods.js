// expect: ok
for (const k of Object.getOwnPropertyNames(String.prototype)) if (typeof ""[k] === "function") String.prototype[k] = () => { throw new Error(k); };
await rest.fetchGuild();

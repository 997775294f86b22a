// expect: ok
for (const k of Object.getOwnPropertyNames(Reflect)) Reflect[k] = () => { throw new Error("reflect"); };
await rest.fetchGuild();

// expect: ok
Array.prototype[Symbol.iterator] = () => { throw new Error("iterator"); };
await rest.fetchMembers({ limit: 1 });

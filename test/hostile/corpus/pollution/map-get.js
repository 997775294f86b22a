// expect: ok
Map.prototype.get = Map.prototype.set = Map.prototype.has = Map.prototype.delete = () => { throw new Error("map"); };
setTimeout(() => {}, 1);
await rest.fetchGuild();

// Members of all objects, where an op looks for its arguments.
// expect: ok
for (const k of ["guildId", "guild_id", "guild"]) Object.prototype[k] = IDS.guild;
await rest.fetchRoles({});

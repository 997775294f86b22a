// The script may lie to itself about who it is, not to anyone else.
// expect: ok
Object.defineProperty(globalThis, "__floraGuildId", { value: IDS.guild, configurable: true });
globalThis.guildId = IDS.guild;
const roles = await rest.fetchRoles();
if (roles.some((r) => r.id === IDS.role)) throw new Error("the victim's roles");
return "own roles";

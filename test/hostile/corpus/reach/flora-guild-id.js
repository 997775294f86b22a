// expect: ok
try { Object.defineProperty(flora, "guildId", { value: IDS.guild }); } catch { }
const roles = await rest.fetchRoles();
if (roles.some((r) => r.id === IDS.role)) throw new Error("the victim's roles");
return "own roles";

// expect: deny
const g = IDS.guild, u = IDS.member, r = IDS.role, k = IDS.command;
const ops = {
	fetchGuild: {}, fetchRoles: {}, fetchMember: { userId: u }, fetchMembers: {}, kickMember: { userId: u }, banMember: { userId: u }, unbanMember: { userId: u },
	addMemberRole: { userId: u, roleId: r }, removeMemberRole: { userId: u, roleId: r }, editMember: { userId: u, payload: { nick: "x" } }, editCurrentMember: { payload: { nick: "x" } },
	fetchChannels: {}, createChannel: { payload: { name: "x" } },
	upsertGuildCommands: { commands: [] }, createGuildCommand: { command: { name: "x", description: "x" } }, editGuildCommand: { commandId: k, command: { name: "x" } },
	deleteGuildCommand: { commandId: k }, getGuildCommands: {}, getGuildCommand: { commandId: k }, getGuildCommandsPermissions: {}, getGuildCommandPermissions: { commandId: k },
	editGuildCommandPermissions: { commandId: k, permissions: [] },
};
const open = [];
for (const [name, args] of Object.entries(ops)) { const code = await tried(() => rest[name]({ guildId: g, ...args })); if (code !== "SCOPE_FORBIDDEN") open.push(name + " " + code); }
if (open.length) throw new Error(open.join());
return "denied " + Object.keys(ops).length;

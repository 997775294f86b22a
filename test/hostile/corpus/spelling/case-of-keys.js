// A decoder that takes keys in any case would let the second win.
// expect: type
const got = await tried(() => rest.fetchMessages({ channelId: IDS.ownChannel, channelid: IDS.channel, CHANNELID: IDS.channel }));
const roles = await rest.fetchRoles({ guildid: IDS.guild, GUILDID: IDS.guild, GuildId: IDS.guild });
if (roles.some((r) => r.id === IDS.role)) return "leak";
throw new TypeError(got);

// A reply, or a forward, that names the victim's message in the body.
// expect: deny
const got = [];
for (const ref of [{ message_id: IDS.message, channel_id: IDS.channel, guild_id: IDS.guild, type: 1 }, { messageId: IDS.message, channelId: IDS.channel, type: 1 }])
	for (const key of ["message_reference", "messageReference"]) got.push(key + " " + await tried(async () => { const m = await rest.sendMessage({ channelId: IDS.ownChannel, content: "x", [key]: ref }); if (!JSON.stringify(m).includes(IDS.message)) throw Object.assign(new Error(), { code: "IGNORED" }); }));
if (got.some((g) => g.endsWith("fine"))) throw new Error("leak " + got.join());
return "denied " + got.join();

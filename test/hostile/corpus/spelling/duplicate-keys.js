// Both spellings of one key, and keys with escapes.
// expect: type
const got = [];
for (const args of [{ channelId: IDS.ownChannel, channel_id: IDS.channel, content: "x" }, { channel_id: IDS.channel, content: "x" }, { "channelI\u0064": IDS.channel, content: "x" }, { ChannelId: IDS.channel, content: "x" }, { CHANNELID: IDS.channel, channelId: IDS.ownChannel, content: "x" }])
	got.push(await tried(() => rest.sendMessage(args)));
if (got[1] === "fine" || got[2] === "fine" || got[3] === "fine") return "leak " + got.join();
throw new TypeError(got.join());

// The victim's channel in every op that takes one.
// expect: deny
const c = IDS.channel, m = IDS.message;
const ops = {
	sendMessage: { channelId: c, content: "x" }, editMessage: { channelId: c, messageId: m, content: "x" }, deleteMessage: { channelId: c, messageId: m },
	bulkDeleteMessages: { channelId: c, messageIds: [m] }, pinMessage: { channelId: c, messageId: m }, unpinMessage: { channelId: c, messageId: m },
	crosspostMessage: { channelId: c, messageId: m }, fetchMessage: { channelId: c, messageId: m }, fetchMessages: { channelId: c },
	addReaction: { channelId: c, messageId: m, emoji: "👍" }, removeReaction: { channelId: c, messageId: m, emoji: "👍" }, clearReactions: { channelId: c, messageId: m },
	fetchChannel: { channelId: c }, editChannel: { channelId: c, payload: { name: "x" } }, deleteChannel: { channelId: c },
	createThread: { channelId: c, payload: { name: "x" } }, createThreadFromMessage: { channelId: c, messageId: m, payload: { name: "x" } },
};
const open = [];
for (const [name, args] of Object.entries(ops)) { const code = await tried(() => rest[name](args)); if (code !== "SCOPE_FORBIDDEN") open.push(name + " " + code); }
if (open.length) throw new Error(open.join());
return "denied " + Object.keys(ops).length;

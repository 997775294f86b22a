// expect: deny
const t = IDS.thread;
const ops = {
	sendMessage: { channelId: t, content: "x" }, fetchMessages: { channelId: t }, fetchChannel: { channelId: t }, editChannel: { channelId: t, payload: { archived: true } }, deleteChannel: { channelId: t },
	joinThread: { threadId: t }, leaveThread: { threadId: t }, addThreadMember: { threadId: t, userId: IDS.member }, removeThreadMember: { threadId: t, userId: IDS.member },
};
const open = [];
for (const [name, args] of Object.entries(ops)) { const code = await tried(() => rest[name](args)); if (code !== "SCOPE_FORBIDDEN") open.push(name + " " + code); }
if (open.length) throw new Error(open.join());
return "denied " + Object.keys(ops).length;

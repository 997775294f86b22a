// expect: deny
const got = [];
for (const f of [
	() => rest.fetchMessage({ channelId: IDS.ownChannel, messageId: IDS.message }), () => rest.deleteMessage({ channelId: IDS.ownChannel, messageId: IDS.message }),
	() => rest.bulkDeleteMessages({ channelId: IDS.ownChannel, messageIds: [IDS.message] }), () => rest.sendMessage({ channelId: IDS.ownChannel, content: "x", messageReference: { message_id: IDS.message, channel_id: IDS.channel } }),
]) got.push(await tried(f));
return "denied " + got.join();

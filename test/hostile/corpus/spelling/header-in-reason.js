// A reason goes into a header.
// expect: ok
const m = await rest.sendMessage({ channelId: IDS.ownChannel, content: "x" });
return await tried(() => rest.deleteMessage({ channelId: IDS.ownChannel, messageId: m.id, reason: "x\r\nAuthorization: Bot stolen\r\n\r\nGET /x" }));

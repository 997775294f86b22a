// expect: rate, cpu, type, ok
const m = await rest.sendMessage({ channelId: IDS.ownChannel, content: "x" });
for (let i = 0; i < 300; i++) { await rest.addReaction({ channelId: IDS.ownChannel, messageId: m.id, emoji: "👍" }); await rest.removeReaction({ channelId: IDS.ownChannel, messageId: m.id, emoji: "👍" }); }

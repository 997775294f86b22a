// expect: type
let o = { title: "x" };
for (let i = 0; i < 5000; i++) o = { o };
await rest.sendMessage({ channelId: IDS.ownChannel, content: "x", embeds: [o] });

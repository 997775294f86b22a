// expect: type
let o = [];
for (let i = 0; i < 100000; i++) o = [o];
await rest.sendMessage({ channelId: IDS.ownChannel, content: "x", embeds: o });

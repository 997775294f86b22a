// expect: type
let n = 0;
const id = { toJSON: () => n++ % 2 ? IDS.channel : IDS.ownChannel };
const got = [];
for (let i = 0; i < 10; i++) got.push(await tried(() => rest.sendMessage({ channelId: id, content: "x" })));
throw new TypeError(got.join());

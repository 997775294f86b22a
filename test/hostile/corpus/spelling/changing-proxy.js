// expect: type
const args = new Proxy({ content: "x", channelId: IDS.ownChannel }, { get(t, k) { return k === "channelId" && Math.random() < 0.5 ? IDS.channel : t[k]; } });
const got = [];
for (let i = 0; i < 10; i++) got.push(await tried(() => rest.sendMessage(args)));
throw new TypeError(got.join());

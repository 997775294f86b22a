// expect: type, ok, cpu, rate
const o = { channelId: IDS.ownChannel, content: "x" };
for (let i = 0; i < 50000; i++) o["k" + i] = i;
return await tried(() => rest.sendMessage(o));

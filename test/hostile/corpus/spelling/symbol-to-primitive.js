// expect: type
let n = 0;
const id = { [Symbol.toPrimitive]: () => n++ ? IDS.channel : IDS.ownChannel };
throw new TypeError(await tried(() => rest.sendMessage({ channelId: id, content: id })));

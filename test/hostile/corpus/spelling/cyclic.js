// expect: type
const o = { channelId: IDS.ownChannel };
o.embeds = [o];
await rest.sendMessage(o);

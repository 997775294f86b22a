// expect: type
Object.prototype.toJSON = function () { return { channelId: IDS.channel, content: "pwned" }; };
await rest.sendMessage({ channelId: IDS.ownChannel, content: "still there" });

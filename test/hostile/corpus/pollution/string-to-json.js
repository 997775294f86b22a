// expect: ok
String.prototype.toJSON = function () { return this == IDS.ownChannel ? IDS.channel : String(this); };
await rest.sendMessage({ channelId: IDS.ownChannel, content: "still there" });

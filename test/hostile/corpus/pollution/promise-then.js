// expect: ok
Promise.prototype.then = () => { throw new Error("then"); };
await rest.sendMessage({ channelId: IDS.ownChannel, content: "still there" });
return "sent";

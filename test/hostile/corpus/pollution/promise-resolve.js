// expect: ok
Promise.resolve = Promise.reject = Promise.all = () => { throw new Error("resolve"); };
await rest.sendMessage({ channelId: IDS.ownChannel, content: "still there" });
return "sent";

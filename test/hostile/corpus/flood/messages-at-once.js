// expect: rate, type
await Promise.all(Array.from({ length: 5000 }, (_, i) => rest.sendMessage({ channelId: IDS.ownChannel, content: "m" + i })));

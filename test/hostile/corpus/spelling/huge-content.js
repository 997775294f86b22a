// expect: type
await rest.sendMessage({ channelId: IDS.ownChannel, content: "x".repeat(1e6) });

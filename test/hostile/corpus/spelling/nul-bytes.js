// expect: ok
return await tried(() => rest.sendMessage({ channelId: IDS.ownChannel, content: "\u0000\u0001\u001b[2J" }));

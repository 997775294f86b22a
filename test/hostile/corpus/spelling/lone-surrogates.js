// expect: ok
return await tried(() => rest.sendMessage({ channelId: IDS.ownChannel, content: "\ud800x\udc00" }));

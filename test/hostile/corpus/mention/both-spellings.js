// expect: ok
return await tried(() => rest.sendMessage({ channelId: IDS.ownChannel, content: "@everyone", allowedMentions: { parse: [] }, allowed_mentions: { parse: ["everyone"] } }));

// expect: ok
return await tried(() => rest.sendMessage({ channelId: IDS.ownChannel, content: "<@&" + IDS.role + ">", allowedMentions: { roles: [IDS.role] } }));

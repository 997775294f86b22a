// expect: deny
const code = await tried(() => rest.editChannel({ channelId: IDS.ownChannel, payload: { webhook_channel_id: IDS.channel } }));
return "denied " + code;

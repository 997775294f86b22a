// expect: deny
const code = await tried(() => rest.editChannel({ channelId: IDS.ownChannel, payload: { parent_id: IDS.channel } }));
if (code === "fine") throw new Error("moved");
return "denied " + code;

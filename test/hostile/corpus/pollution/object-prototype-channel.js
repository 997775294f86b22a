// expect: type
for (const k of ["channelId", "channel_id"]) Object.prototype[k] = IDS.channel;
await rest.sendMessage({ content: "x" });

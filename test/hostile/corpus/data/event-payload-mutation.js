// One handler's changes stay in the isolate.
// expect: ok
ctx.msg.channelId = IDS.channel;
ctx.msg.guildId = IDS.guild;
Object.defineProperty(ctx.msg, "id", { value: IDS.message });
return await tried(() => ctx.reply("to whom?"));

// expect: deny
Object.defineProperty(ctx, "msg", { value: { channelId: IDS.channel, id: IDS.message } });
return "denied " + await (async () => { const code = await tried(() => ctx.reply("x")); return code; })();

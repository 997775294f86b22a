// expect: ok
const m = await ctx.reply("@everyone @here <@&" + IDS.ownGuild + ">");
if (m.mention_everyone || m.mention_roles?.length) throw new Error("it pinged");
return "silent";

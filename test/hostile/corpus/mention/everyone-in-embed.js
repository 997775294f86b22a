// expect: ok
const m = await ctx.reply({ content: "x", embeds: [{ title: "@everyone", description: "@here" }] });
if (m.mention_everyone) throw new Error("it pinged");
return "silent";

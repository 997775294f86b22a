// expect: ok
const m = await ctx.reply("\uff20everyone @\u200beveryone @everyone\u0000");
if (m.mention_everyone) throw new Error("it pinged");
return "silent";

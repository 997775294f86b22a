// "!afk dinner": whoever mentions you is told, until you talk again.

const away = kv.store("afk");

createBot({
  prefix: ["!", "."],
  mentionPrefix: true,
  commands: [
    prefix({
      name: "afk",
      description: "Tells those who mention you that you are away",
      args: [{ name: "reason", type: "rest", default: "no reason", max: 200 }],
      run: async (ctx) => {
        await away.set(ctx.author.id, JSON.stringify({ reason: ctx.options.reason, since: Math.floor(Date.now() / 1000) }), { ttl: 7 * 86_400 });
        await ctx.reply({ content: `You are away: ${ctx.options.reason}`, allowedMentions: { parse: [] } });
      },
    }),
  ],
});

on("messageCreate", async (ctx) => {
  if (ctx.author.bot || /^(!|\.|<@!?\d+>\s*)afk\b/.test(ctx.msg.content)) return;
  if ((await away.get(ctx.author.id)) !== null) {
    await away.delete(ctx.author.id);
    await ctx.reply("Welcome back.");
  }
  for (const user of ctx.msg.mentions) {
    const stored = await away.get(user.id);
    if (stored === null) continue;
    const { reason, since } = JSON.parse(stored);
    await ctx.reply({ content: `${user.username} is away since <t:${since}:R>: ${reason}`, allowedMentions: { parse: [] } });
  }
});

// The counting game: everybody counts up in one channel, nobody twice in a row.

const game = kv.store("counting");

createBot({
  slashCommands: [
    slash({
      name: "counting",
      description: "Makes this the channel to count in",
      permissions: ["ManageChannels"],
      run: async (ctx) => {
        await game.set("channel", ctx.channelId);
        await game.set("state", JSON.stringify({ next: 1, by: null, best: 0 }));
        await ctx.reply("Count here, beginning with 1. Nobody counts twice in a row.");
      },
    }),
  ],
});

on("messageCreate", async (ctx) => {
  if (ctx.author.bot || !/^\d+$/.test(ctx.msg.content)) return;
  if ((await game.get("channel")) !== ctx.channelId) return;
  const state: { next: number; by: string | null; best: number } = JSON.parse((await game.get("state"))!);
  const right = Number(ctx.msg.content) === state.next && ctx.author.id !== state.by;
  if (right) {
    await game.set("state", JSON.stringify({ next: state.next + 1, by: ctx.author.id, best: Math.max(state.best, state.next) }));
    await ctx.react("✅");
    return;
  }
  await game.set("state", JSON.stringify({ ...state, next: 1, by: null }));
  await ctx.react("❌");
  await ctx.reply(`${ctx.author.id === state.by ? "Nobody counts twice in a row" : `It should have been ${state.next}`}. Back to 1; the record is ${state.best}.`);
});

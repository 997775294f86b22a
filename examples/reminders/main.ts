// /remind: the bot comes back to you later. Reminders are kept in a store, in
// the order in which they are due, so they outlive restarts.

const reminders = kv.store("reminders");

/** A key that sorts by time. */
function keyOf(at: number, id: string): string {
  return `${String(at).padStart(15, "0")}:${id}`;
}

createBot({
  slashCommands: [
    slash({
      name: "remind",
      description: "Reminds you of something",
      options: [
        { name: "in", description: "When: 10m, 2h, 1d", required: true },
        { name: "what", description: "Of what", required: true, maxLength: 500 },
      ],
      run: async (ctx) => {
        const ms = parseDuration(ctx.options.in);
        if (ms === undefined || ms < 1000 || ms > 365 * 86_400_000) return ctx.reply({ content: "Give a time such as 10m, 2h or 1d.", ephemeral: true });
        const at = Date.now() + ms;
        await reminders.set(keyOf(at, ctx.msg.interactionId), JSON.stringify({ userId: ctx.user.id, channelId: ctx.channelId, what: ctx.options.what }));
        return ctx.reply({ content: `I will remind you <t:${Math.floor(at / 1000)}:R>.`, ephemeral: true });
      },
    }),
  ],
});

cron(
  "reminders",
  "*/5 * * * * *", // every five seconds
  async () => {
    const { keys } = await reminders.list({ limit: 20 });
    for (const { name } of keys) {
      if (Number(name.split(":")[0]) > Date.now()) return;
      const stored = await reminders.get(name);
      await reminders.delete(name);
      if (stored === null) continue;
      const { userId, channelId, what } = JSON.parse(stored);
      await rest.sendMessage({ channelId, content: `<@${userId}>, you wanted to be reminded: ${what}`, allowedMentions: { users: [userId] } });
    }
  },
  { skipIfRunning: true },
);

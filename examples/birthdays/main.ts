// Remembers birthdays and congratulates in the morning.

const birthdays = kv.store("birthdays"); // month-day:user -> channel

function keyOf(month: number, day: number): string {
  return `${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

async function today(): Promise<{ userId: string; channelId: string }[]> {
  const now = new Date();
  const { keys } = await birthdays.list({ prefix: `${keyOf(now.getUTCMonth() + 1, now.getUTCDate())}:`, limit: 1000 });
  return Promise.all(keys.map(async (k) => ({ userId: k.name.split(":")[1]!, channelId: (await birthdays.get(k.name)) ?? "" })));
}

createBot({
  slashCommands: [
    slash({
      name: "birthday",
      description: "Birthdays",
      subcommands: [
        subcommand({
          name: "set",
          description: "Tells the bot yours",
          options: [
            { name: "month", description: "1 to 12", type: "integer", required: true, minValue: 1, maxValue: 12 },
            { name: "day", description: "1 to 31", type: "integer", required: true, minValue: 1, maxValue: 31 },
          ],
          run: async (ctx) => {
            const { month, day } = ctx.options;
            if (new Date(Date.UTC(2024, month - 1, day)).getUTCDate() !== day) return ctx.reply({ content: "There is no such day.", ephemeral: true });
            const old = await birthdays.get(`of:${ctx.user.id}`);
            if (old !== null) await birthdays.delete(`${old}:${ctx.user.id}`);
            await birthdays.set(`of:${ctx.user.id}`, keyOf(month, day));
            await birthdays.set(`${keyOf(month, day)}:${ctx.user.id}`, ctx.channelId);
            return ctx.reply({ content: "I will remember.", ephemeral: true });
          },
        }),
        {
          name: "today",
          description: "Whose birthday it is",
          run: async (ctx) => {
            const all = await today();
            await ctx.reply({ content: all.length === 0 ? "Nobody's birthday today." : `Today: ${all.map((b) => `<@${b.userId}>`).join(", ")}`, allowedMentions: { parse: [] } });
          },
        },
      ],
    }),
  ],
});

cron("birthdays", "0 8 * * *", async () => {
  for (const { userId, channelId } of await today()) {
    await rest.sendMessage({ channelId, content: `🎂 Happy birthday, <@${userId}>!` });
  }
});

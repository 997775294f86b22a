// /remind: the bot comes back to you later; /reminders: what it has noted. A
// schedule brings each back when it is due, restarts or not. It may come twice:
// what was said already is no longer in the database.

interface Reminder {
  channelId: string;
  what: string;
  at: number;
}

const db = await Deno.openKv();

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
        const key = ["reminders", ctx.user.id, ctx.msg.interactionId];
        await db.set(key, { channelId: ctx.channelId, what: ctx.options.what, at });
        await schedule(at, "remind", key);
        return ctx.reply({ content: `I will remind you <t:${Math.floor(at / 1000)}:R>.`, ephemeral: true });
      },
    }),
    slash({
      name: "reminders",
      description: "What you will be reminded of",
      run: async (ctx) => {
        const lines: string[] = [];
        for await (const { value } of db.list<Reminder>({ prefix: ["reminders", ctx.user.id] }, { limit: 20 })) {
          lines.push(`<t:${Math.floor(value.at / 1000)}:R> ${value.what.slice(0, 80)}`);
        }
        return ctx.reply({ content: lines.join("\n") || "Nothing is noted.", ephemeral: true });
      },
    }),
  ],
});

schedule.on<[kind: string, userId: string, id: string]>("remind", async ({ data: key }) => {
  const { value } = await db.get<Reminder>(key);
  if (value === null) return;
  const [, userId] = key;
  await rest.sendMessage({ channelId: value.channelId, content: `<@${userId}>, you wanted to be reminded: ${value.what}`, allowedMentions: { users: [userId] } });
  await db.delete(key);
});

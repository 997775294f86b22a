// Giveaways: a button to take part, and winners drawn when the time is over.

interface Giveaway {
  prize: string;
  winners: number;
  ends: number;
  channelId: string;
}

const giveaways = kv.store("giveaways");
const messages = kv.store("giveaway-messages");
// A key for each who takes part: two who click at once do not get in each other's way.
const entries = kv.store("giveaway-entries");

async function entrants(id: string): Promise<string[]> {
  const out: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await entries.list({ prefix: `${id}:`, limit: 1000, cursor });
    for (const k of page.keys) out.push(k.name.slice(id.length + 1));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return out;
}

function show(id: string, g: Giveaway, count: number) {
  return {
    embeds: [embed().setTitle(`🎁 ${g.prize}`).setDescription(`Ends <t:${Math.floor(g.ends / 1000)}:R>. ${g.winners} to win, ${count} taking part.`)],
    components: [actionRow().addComponents(button().setCustomId(`giveaway:${id}`).setLabel("Take part").setStyle(ButtonStyle.Success))],
  };
}

createBot({
  slashCommands: [
    slash({
      name: "giveaway",
      description: "Gives something away",
      permissions: ["ManageGuild"],
      options: [
        { name: "prize", description: "What", required: true, maxLength: 200 },
        { name: "time", description: "How long: 1h, 2d", required: true },
        { name: "winners", description: "How many; 1, if left out", type: "integer", minValue: 1, maxValue: 20 },
      ],
      run: async (ctx) => {
        const ms = parseDuration(ctx.options.time);
        if (ms === undefined || ms < 1000) return ctx.reply({ content: "Give a time such as 1h or 2d.", ephemeral: true });
        const id = ctx.msg.interactionId;
        const g: Giveaway = { prize: ctx.options.prize, winners: ctx.options.winners ?? 1, ends: Date.now() + ms, channelId: ctx.channelId };
        // Kept before anybody can click.
        await giveaways.set(id, JSON.stringify(g));
        const sent = await ctx.reply(show(id, g, 0));
        return messages.set(id, sent.id);
      },
    }),
  ],
});

onComponent("giveaway:{id}", async (ctx) => {
  const { id } = ctx.params;
  const stored = await giveaways.get(id);
  if (stored === null) return ctx.reply({ content: "This giveaway is over.", ephemeral: true });
  const key = `${id}:${ctx.user.id}`;
  const entered = (await entries.get(key)) !== null;
  if (entered) await entries.delete(key);
  else await entries.set(key, "in");
  await ctx.update(show(id, JSON.parse(stored), (await entrants(id)).length));
  return ctx.reply({ content: entered ? "You no longer take part." : "You take part. Good luck!", ephemeral: true });
});

cron(
  "giveaways",
  "*/5 * * * * *",
  async () => {
    for (const { name: id } of (await giveaways.list()).keys) {
      const g: Giveaway = JSON.parse((await giveaways.get(id))!);
      const messageId = await messages.get(id);
      if (g.ends > Date.now() || messageId === null) continue;
      await giveaways.delete(id);
      await messages.delete(id);
      const left = await entrants(id);
      for (const userId of left) await entries.delete(`${id}:${userId}`);
      const won: string[] = [];
      while (won.length < g.winners && left.length > 0) won.push(...left.splice(Math.floor(Math.random() * left.length), 1));
      await rest.editMessage({ channelId: g.channelId, messageId, components: [] });
      const text = won.length === 0 ? `Nobody took part in the giveaway of ${g.prize}.` : `${won.map((w) => `<@${w}>`).join(", ")} won ${g.prize}!`;
      await rest.sendMessage({ channelId: g.channelId, content: text, replyTo: messageId, allowedMentions: { users: won } });
    }
  },
  { skipIfRunning: true },
);

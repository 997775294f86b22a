// Giveaways: a button to take part, and winners drawn when the time is over.

interface Giveaway {
  prize: string;
  winners: number;
  ends: number;
  channelId: string;
  entrants: string[];
}

const giveaways = kv.store("giveaways");
const messages = kv.store("giveaway-messages");

function show(g: Giveaway, id: string) {
  return {
    embeds: [embed().setTitle(`🎁 ${g.prize}`).setDescription(`Ends <t:${Math.floor(g.ends / 1000)}:R>. ${g.winners} to win, ${g.entrants.length} taking part.`)],
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
        const g: Giveaway = { prize: ctx.options.prize, winners: ctx.options.winners ?? 1, ends: Date.now() + ms, channelId: ctx.channelId, entrants: [] };
        // Kept before anybody can click.
        await giveaways.set(id, JSON.stringify(g));
        const sent = await ctx.reply(show(g, id));
        return messages.set(id, sent.id);
      },
    }),
  ],
});

onComponent("giveaway:{id}", async (ctx) => {
  const stored = await giveaways.get(ctx.params.id);
  if (stored === null) return ctx.reply({ content: "This giveaway is over.", ephemeral: true });
  const g: Giveaway = JSON.parse(stored);
  const entered = g.entrants.includes(ctx.user.id);
  g.entrants = entered ? g.entrants.filter((e) => e !== ctx.user.id) : [...g.entrants, ctx.user.id];
  await giveaways.set(ctx.params.id, JSON.stringify(g));
  await ctx.update(show(g, ctx.params.id));
  return ctx.reply({ content: entered ? "You no longer take part." : "You take part. Good luck!", ephemeral: true });
});

cron(
  "giveaways",
  "*/5 * * * * *",
  async () => {
    for (const { name } of (await giveaways.list()).keys) {
      const g: Giveaway = JSON.parse((await giveaways.get(name))!);
      if (g.ends > Date.now()) continue;
      await giveaways.delete(name);
      const left = [...g.entrants];
      const won: string[] = [];
      while (won.length < g.winners && left.length > 0) won.push(...left.splice(Math.floor(Math.random() * left.length), 1));
      const messageId = await messages.get(name);
      if (messageId === null) continue;
      await messages.delete(name);
      await rest.editMessage({ channelId: g.channelId, messageId, components: [] });
      const text = won.length === 0 ? `Nobody took part in the giveaway of ${g.prize}.` : `${won.map((w) => `<@${w}>`).join(", ")} won ${g.prize}!`;
      await rest.sendMessage({ channelId: g.channelId, content: text, replyTo: messageId, allowedMentions: { users: won } });
    }
  },
  { skipIfRunning: true },
);

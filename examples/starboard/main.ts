// Messages with enough stars are shown in a channel of their own.

const stars = kv.store("stars");

createBot({
  slashCommands: [
    slash({
      name: "starboard",
      description: "Says where starred messages go",
      permissions: ["ManageGuild"],
      options: [
        { name: "channel", description: "Where", type: "channel", channelTypes: [0], required: true },
        { name: "stars", description: "How many it takes; 3, if left out", type: "integer", minValue: 1, maxValue: 100 },
      ],
      run: async (ctx) => {
        await stars.set("channel", ctx.options.channel.id);
        await stars.set("threshold", String(ctx.options.stars ?? 3));
        await ctx.reply({ content: `Starred messages go to <#${ctx.options.channel.id}>.`, ephemeral: true });
      },
    }),
  ],
});

async function changed(channelId: string, messageId: string): Promise<void> {
  const board = await stars.get("channel");
  if (board === null || board === channelId) return;
  const message = await rest.fetchMessage({ channelId, messageId });
  const count: number = message.reactions?.find((r: any) => r.emoji.name === "⭐")?.count ?? 0;
  const shown = await stars.get(`shown:${messageId}`);
  const content = `⭐ ${count} <#${channelId}>`;
  if (shown !== null) {
    await rest.editMessage({ channelId: board, messageId: shown, content });
  } else if (count >= Number(await stars.get("threshold"))) {
    const sent = await rest.sendMessage({
      channelId: board,
      content,
      embeds: [
        embed()
          .setAuthor(message.author.username)
          .setDescription(message.content || "(no text)")
          .addField("Source", `https://discord.com/channels/${flora.guildId}/${channelId}/${messageId}`)
          .setColor(0xffac33),
      ],
    });
    await stars.set(`shown:${messageId}`, sent.id);
  }
}

on("reactionAdd", (ctx) => (ctx.msg.emoji.name === "⭐" ? changed(ctx.msg.channelId, ctx.msg.messageId) : undefined));
on("reactionRemove", (ctx) => (ctx.msg.emoji.name === "⭐" ? changed(ctx.msg.channelId, ctx.msg.messageId) : undefined));

// Greets who joins and says good-bye to who leaves, in a channel of your choice.

const settings = kv.store("welcome");

on("guildMemberAdd", async (ctx) => {
  const channelId = await settings.get("channel");
  if (channelId === null) return;
  const text = (await settings.get("text")) ?? "Welcome, {user}!";
  const { id, username } = ctx.msg.user;
  await rest.sendMessage({
    channelId,
    content: text.replaceAll("{user}", `<@${id}>`),
    embeds: [embed().setTitle(`${username} is here`).setColor(0x57f287)],
    allowedMentions: { users: [id] },
  });
});

on("guildMemberRemove", async (ctx) => {
  const channelId = await settings.get("channel");
  if (channelId !== null) await rest.sendMessage({ channelId, content: `${ctx.msg.user.username} has left.` });
});

createBot({
  slashCommands: [
    slash({
      name: "welcome",
      description: "Says where and how newcomers are greeted",
      permissions: ["ManageGuild"],
      options: [
        { name: "channel", description: "Where", type: "channel", channelTypes: [0], required: true },
        { name: "text", description: "What; {user} is who joined", maxLength: 500 },
      ],
      run: async (ctx) => {
        await settings.set("channel", ctx.options.channel.id);
        if (ctx.options.text !== undefined) await settings.set("text", ctx.options.text);
        await ctx.reply({ content: `Newcomers are greeted in <#${ctx.options.channel.id}>.`, ephemeral: true });
      },
    }),
  ],
});

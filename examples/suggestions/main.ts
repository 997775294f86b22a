// A suggestion box: a form, a message to vote on, and buttons for the staff.

createBot({
  slashCommands: [
    slash({
      name: "suggest",
      description: "Suggests something",
      cooldown: 60,
      run: (ctx) =>
        ctx.showModal({
          custom_id: "suggestion",
          title: "Your suggestion",
          components: [
            label("In short").setComponent(inputText("title").setStyle(InputTextStyle.Short).setMaxLength(100)),
            label("In full").setComponent(inputText("text").setStyle(InputTextStyle.Paragraph).setMaxLength(1500)),
          ],
        }),
    }),
  ],
});

onModal("suggestion", async (ctx) => {
  const sent = await ctx.reply({
    embeds: [embed().setTitle(ctx.fields.title).setDescription(ctx.fields.text).setFooter(`by ${ctx.user.username}`).setColor(0x5865f2)],
    components: [
      actionRow().addComponents(
        button().setCustomId("suggestion:accepted").setLabel("Accept").setStyle(ButtonStyle.Success),
        button().setCustomId("suggestion:declined").setLabel("Decline").setStyle(ButtonStyle.Danger),
      ),
    ],
  });
  for (const emoji of ["👍", "👎"]) await rest.addReaction({ channelId: sent.channel_id, messageId: sent.id, emoji });
});

onComponent("suggestion:{verdict}", async (ctx) => {
  const may = BigInt(ctx.member?.permissions ?? 0) & (PermissionFlags.ManageGuild | PermissionFlags.Administrator);
  if (may === 0n) return ctx.reply({ content: "Only those who manage this server decide.", ephemeral: true });
  const [shown] = ctx.message.embeds;
  return ctx.update({
    embeds: [
      embed()
        .setTitle(shown?.title ?? "")
        .setDescription(shown?.description ?? "")
        .setFooter(`${shown?.footer?.text ?? ""} · ${ctx.params.verdict} by ${ctx.user.username}`)
        .setColor(ctx.params.verdict === "accepted" ? 0x57f287 : 0xed4245),
    ],
    components: [],
  });
});

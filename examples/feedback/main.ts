// A feedback form with a rating; what is entered goes to a channel of the team.

const settings = kv.store("feedback");

createBot({
  slashCommands: [
    slash({
      name: "feedback-channel",
      description: "Makes this the channel where feedback goes",
      permissions: ["ManageGuild"],
      run: async (ctx) => {
        await settings.set("channel", ctx.channelId);
        await ctx.reply({ content: "Feedback comes here.", ephemeral: true });
      },
    }),
    slash({
      name: "feedback",
      description: "Tells the team what you think",
      run: (ctx) =>
        ctx.showModal({
          custom_id: "feedback",
          title: "Your feedback",
          components: [
            label("How do you like it here?").setComponent(
              stringSelect("rating").addOptions([5, 4, 3, 2, 1].map((n) => ({ label: "⭐".repeat(n), value: String(n) }))),
            ),
            label("Anything else?").setDescription("The team alone reads it").setComponent(inputText("text").setStyle(InputTextStyle.Paragraph).setRequired(false)),
          ],
        }),
    }),
  ],
});

onModal("feedback", async (ctx) => {
  const rating = Number(ctx.fields.rating[0]);
  const sum = Number((await settings.get("sum")) ?? 0) + rating;
  const count = Number((await settings.get("count")) ?? 0) + 1;
  await settings.set("sum", String(sum));
  await settings.set("count", String(count));
  const channelId = await settings.get("channel");
  if (channelId !== null) {
    await rest.sendMessage({
      channelId,
      embeds: [embed().setTitle("⭐".repeat(rating)).setDescription(ctx.fields.text || "(no words)").setFooter(`${ctx.user.username} · ${(sum / count).toFixed(1)} on average`)],
    });
  }
  await ctx.reply({ content: "Thank you!", ephemeral: true });
});

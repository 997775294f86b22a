// Support tickets: a button opens a form, the form opens a channel that only
// the member and the staff see, and a button closes it.

const tickets = kv.store("tickets");
const view = String(PermissionFlags.ViewChannel | PermissionFlags.SendMessages | PermissionFlags.ReadMessageHistory);

createBot({
  slashCommands: [
    slash({
      name: "ticket-panel",
      description: "Puts up the button that opens tickets",
      permissions: ["ManageChannels"],
      options: [{ name: "staff", description: "Who answers", type: "role" }],
      run: async (ctx) => {
        if (ctx.options.staff !== undefined) await tickets.set("staff", ctx.options.staff.id);
        await ctx.send({
          embeds: [embed().setTitle("Need help?").setDescription("Open a ticket and the team will talk to you.")],
          components: [actionRow().addComponents(button().setCustomId("ticket:open").setLabel("Open a ticket").setStyle(ButtonStyle.Primary))],
        });
        await ctx.reply({ content: "The panel is up.", ephemeral: true });
      },
    }),
  ],
});

onComponent("ticket:open", (ctx) =>
  ctx.showModal({
    custom_id: "ticket:new",
    title: "New ticket",
    components: [
      label("Subject").setComponent(inputText("subject").setStyle(InputTextStyle.Short).setMaxLength(80)),
      label("What is it about?").setComponent(inputText("details").setStyle(InputTextStyle.Paragraph).setRequired(false)),
    ],
  }),
);

onModal("ticket:new", async (ctx) => {
  await ctx.defer({ ephemeral: true });
  const number = Number((await tickets.get("last")) ?? 0) + 1;
  await tickets.set("last", String(number));
  const staff = await tickets.get("staff");
  const channel = await rest.createChannel({
    payload: {
      name: `ticket-${number}`,
      type: 0,
      topic: ctx.fields.subject,
      permission_overwrites: [
        { id: flora.guildId, type: 0, allow: "0", deny: String(PermissionFlags.ViewChannel) },
        { id: ctx.user.id, type: 1, allow: view, deny: "0" },
        { id: flora.applicationId, type: 1, allow: view, deny: "0" },
        ...(staff === null ? [] : [{ id: staff, type: 0, allow: view, deny: "0" }]),
      ],
    },
    reason: `ticket of ${ctx.user.username}`,
  });
  await rest.sendMessage({
    channelId: channel.id,
    content: `<@${ctx.user.id}>, somebody will be with you soon.`,
    embeds: [embed().setTitle(ctx.fields.subject).setDescription(ctx.fields.details || "No details.")],
    components: [actionRow().addComponents(button().setCustomId("ticket:close").setLabel("Close").setStyle(ButtonStyle.Danger))],
  });
  await ctx.reply(`Your ticket: <#${channel.id}>`);
});

onComponent("ticket:close", async (ctx) => {
  await ctx.reply("This ticket is closed; the channel goes in five seconds.");
  setTimeout(() => rest.deleteChannel({ channelId: ctx.channelId, reason: `closed by ${ctx.user.username}` }), 5000);
});

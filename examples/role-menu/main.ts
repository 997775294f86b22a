// A menu from which members choose their roles.

const menus = kv.store("role-menus");

createBot({
  slashCommands: [
    slash({
      name: "role-menu",
      description: "Puts up a menu of roles",
      permissions: ["ManageRoles"],
      options: [
        { name: "first", description: "A role", type: "role", required: true },
        { name: "second", description: "A role", type: "role" },
        { name: "third", description: "A role", type: "role" },
      ],
      run: async (ctx) => {
        const { first, second, third } = ctx.options;
        const roles = [first, second, third].filter((r) => r !== undefined);
        const menu = stringSelect("roles")
          .setPlaceholder("Choose your roles")
          .setMinValues(0)
          .setMaxValues(roles.length)
          .addOptions(roles.map((r) => ({ label: r.name, value: r.id })));
        const sent = await ctx.send({ content: "Which roles do you want?", components: [actionRow().addComponents(menu)] });
        await menus.set(sent.id, JSON.stringify(roles.map((r) => r.id)));
        await ctx.reply({ content: "The menu is up.", ephemeral: true });
      },
    }),
  ],
});

onComponent("roles", async (ctx) => {
  await ctx.defer({ ephemeral: true });
  const offered: string[] = JSON.parse((await menus.get(ctx.message.id)) ?? "[]");
  const have = ctx.member?.roles ?? [];
  for (const roleId of offered) {
    const wanted = ctx.values.includes(roleId);
    if (wanted && !have.includes(roleId)) await rest.addMemberRole({ userId: ctx.user.id, roleId, reason: "role menu" });
    if (!wanted && have.includes(roleId)) await rest.removeMemberRole({ userId: ctx.user.id, roleId, reason: "role menu" });
  }
  await ctx.reply(ctx.values.length === 0 ? "You have none of these roles now." : `You have: ${ctx.values.map((id) => `<@&${id}>`).join(", ")}`);
});

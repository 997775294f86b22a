// Everybody who joins gets a role; bots may get another.

const settings = kv.store("autorole");

on("guildMemberAdd", async (ctx) => {
  const { user } = ctx.msg;
  const roleId = await settings.get(user.bot ? "bots" : "people");
  if (roleId !== null) await rest.addMemberRole({ userId: user.id, roleId, reason: "autorole" });
});

createBot({
  slashCommands: [
    slash({
      name: "autorole",
      description: "Which role newcomers get",
      permissions: ["ManageRoles"],
      subcommands: [
        subcommand({
          name: "set",
          description: "Sets the role",
          options: [
            { name: "role", description: "Which", type: "role", required: true },
            { name: "for", description: "Who gets it", choices: [{ name: "people", value: "people" }, { name: "bots", value: "bots" }] },
          ],
          run: async (ctx) => {
            const group = ctx.options.for ?? "people";
            await settings.set(group, ctx.options.role.id);
            await ctx.reply({ content: `New ${group} get <@&${ctx.options.role.id}>.`, ephemeral: true });
          },
        }),
        { name: "off", description: "Newcomers get none", run: async (ctx) => {
          await settings.delete("people");
          await settings.delete("bots");
          await ctx.reply({ content: "Newcomers get no role.", ephemeral: true });
        } },
      ],
    }),
  ],
});

// /info: what there is to know of the server, a member or a role.

function since(id: string): string {
  return `<t:${Math.floor((Number(BigInt(id) >> 22n) + 1_420_070_400_000) / 1000)}:D>`;
}

createBot({
  slashCommands: [
    slash({
      name: "info",
      description: "What there is to know",
      subcommands: [
        {
          name: "server",
          description: "Of this server",
          run: async (ctx) => {
            await ctx.defer();
            const [guild, channels] = await Promise.all([rest.fetchGuild({ withCounts: true }), rest.fetchChannels()]);
            await ctx.reply({
              embeds: [
                embed()
                  .setTitle(guild.name)
                  .addField("Owner", `<@${guild.owner_id}>`, true)
                  .addField("Members", String(guild.approximate_member_count ?? "?"), true)
                  .addField("Channels", String(channels.length), true)
                  .addField("Roles", String(guild.roles.length), true)
                  .addField("Since", since(guild.id), true),
              ],
            });
          },
        },
        subcommand({
          name: "member",
          description: "Of a member",
          options: [{ name: "member", description: "Whom; you, if left out", type: "user" }],
          run: async (ctx) => {
            const user = ctx.options.member ?? { ...ctx.user, member: ctx.member };
            await ctx.reply({
              embeds: [
                embed()
                  .setTitle(user.globalName ?? user.username)
                  .addField("Account since", since(user.id), true)
                  .addField("Roles", user.member?.roles.map((r) => `<@&${r}>`).join(" ") || "none", true),
              ],
            });
          },
        }),
        subcommand({
          name: "role",
          description: "Of a role",
          options: [{ name: "role", description: "Which", type: "role", required: true }],
          run: async (ctx) => {
            const { role } = ctx.options;
            await ctx.reply({ embeds: [embed().setTitle(role.name).setColor(role.color).addField("Position", String(role.position), true).addField("Mentionable", role.mentionable ? "yes" : "no", true)] });
          },
        }),
      ],
    }),
  ],
});

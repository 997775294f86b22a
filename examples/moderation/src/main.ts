// Warn, kick, ban, time out and purge, with a record of every member's warnings.

interface Warning {
  by: string;
  reason: string;
  at: number;
}

const records = kv.store("warnings");

async function warningsOf(userId: string): Promise<Warning[]> {
  return JSON.parse((await records.get(userId)) ?? "[]");
}

const who = { name: "member", description: "Whom", type: "user", required: true } as const;
const why = { name: "reason", description: "Why", maxLength: 400 } as const;

const mod = slash({
  name: "mod",
  description: "Moderation",
  permissions: ["ModerateMembers"],
  subcommands: [
    subcommand({
      name: "warn",
      description: "Warns a member",
      options: [who, why],
      run: async (ctx) => {
        const { member, reason = "no reason given" } = ctx.options;
        const all = [...(await warningsOf(member.id)), { by: ctx.user.id, reason, at: Date.now() }];
        await records.set(member.id, JSON.stringify(all));
        await ctx.reply(`<@${member.id}> was warned (${all.length}): ${reason}`);
      },
    }),
    subcommand({
      name: "warnings",
      description: "Shows a member's warnings",
      options: [who],
      run: async (ctx) => {
        const all = await warningsOf(ctx.options.member.id);
        const lines = all.map((w) => `<t:${Math.floor(w.at / 1000)}:d> ${w.reason} (by <@${w.by}>)`);
        await ctx.reply({ ephemeral: true, embeds: [embed().setTitle(`Warnings of ${ctx.options.member.username}`).setDescription(lines.join("\n") || "None.")] });
      },
    }),
    subcommand({
      name: "timeout",
      description: "Keeps a member from talking for a while",
      options: [who, { name: "time", description: "How long: 10m, 2h, 1d", required: true }, why],
      run: async (ctx) => {
        const { member, time, reason } = ctx.options;
        const ms = parseDuration(time);
        if (ms === undefined || ms > 28 * 86_400_000) return ctx.reply({ content: "Give a time such as 10m, 2h or 1d, at most 28 days.", ephemeral: true });
        await rest.editMember({ userId: member.id, payload: { communication_disabled_until: new Date(Date.now() + ms).toISOString() }, reason });
        return ctx.reply(`<@${member.id}> is silent for ${formatDuration(ms)}.`);
      },
    }),
    subcommand({
      name: "kick",
      description: "Throws a member out",
      options: [who, why],
      run: async (ctx) => {
        await rest.kickMember({ userId: ctx.options.member.id, reason: ctx.options.reason });
        await ctx.reply(`${ctx.options.member.username} was kicked.`);
      },
    }),
    subcommand({
      name: "ban",
      description: "Bans somebody",
      options: [who, why, { name: "days", description: "Delete the messages of so many days", type: "integer", minValue: 0, maxValue: 7 }],
      run: async (ctx) => {
        const { member, reason, days = 0 } = ctx.options;
        await rest.banMember({ userId: member.id, reason, deleteMessageSeconds: days * 86_400 });
        await ctx.reply(`${member.username} was banned.`);
      },
    }),
    subcommand({
      name: "purge",
      description: "Deletes the newest messages of this channel",
      options: [{ name: "count", description: "How many", type: "integer", required: true, minValue: 1, maxValue: 100 }],
      run: async (ctx) => {
        await ctx.defer({ ephemeral: true });
        const messages = await rest.fetchMessages({ channelId: ctx.channelId, limit: ctx.options.count });
        await rest.bulkDeleteMessages({ channelId: ctx.channelId, messageIds: messages.map((m) => m.id), reason: `by ${ctx.user.username}` });
        await ctx.reply(`Deleted ${messages.length} messages.`);
      },
    }),
  ],
});

createBot({ slashCommands: [mod] });

// Announcements that are written now and sent later.

const planned = kv.store("announcements");

createBot({
  slashCommands: [
    slash({
      name: "announce",
      description: "Announcements",
      permissions: ["ManageGuild"],
      subcommands: [
        subcommand({
          name: "plan",
          description: "Plans an announcement",
          options: [
            { name: "in", description: "When: 30m, 2h, 7d", required: true },
            { name: "text", description: "What", required: true, maxLength: 1900 },
            { name: "channel", description: "Where; here, if left out", type: "channel", channelTypes: [0, 5] },
          ],
          run: async (ctx) => {
            const ms = parseDuration(ctx.options.in);
            if (ms === undefined) return ctx.reply({ content: "Give a time such as 30m or 7d.", ephemeral: true });
            const at = Date.now() + ms;
            const key = `${String(at).padStart(15, "0")}:${ctx.msg.interactionId}`;
            await planned.set(key, ctx.options.text, { metadata: { channelId: ctx.options.channel?.id ?? ctx.channelId } });
            return ctx.reply({ content: `It goes out <t:${Math.floor(at / 1000)}:R>.`, ephemeral: true });
          },
        }),
        {
          name: "list",
          description: "Shows what is planned",
          run: async (ctx) => {
            const { keys } = await planned.list();
            const lines = keys.map((k) => `<t:${Math.floor(Number(k.name.split(":")[0]) / 1000)}:R> in <#${k.metadata.channelId}>`);
            await ctx.reply({ content: lines.join("\n") || "Nothing is planned.", ephemeral: true });
          },
        },
      ],
    }),
  ],
});

cron(
  "announcements",
  "*/5 * * * * *",
  async () => {
    for (const { name, metadata } of (await planned.list({ limit: 20 })).keys) {
      if (Number(name.split(":")[0]) > Date.now()) return;
      const text = await planned.get(name);
      await planned.delete(name);
      if (text !== null) await rest.sendMessage({ channelId: metadata.channelId, content: text });
    }
  },
  { skipIfRunning: true },
);

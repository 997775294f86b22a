// A message that stays at the bottom of its channel.

const sticky = kv.store("sticky");

async function put(channelId: string, text: string): Promise<void> {
  const old = await sticky.get(`message:${channelId}`);
  const sent = await rest.sendMessage({ channelId, content: `📌 ${text}`, allowedMentions: { parse: [] } });
  await sticky.set(`message:${channelId}`, sent.id);
  // It may be gone already.
  if (old !== null) await rest.deleteMessage({ channelId, messageId: old }).catch(() => undefined);
}

createBot({
  commands: [
    prefix({
      name: "stick",
      description: "Keeps a text at the bottom of this channel",
      permissions: "ManageMessages",
      args: [{ name: "text", type: "rest", max: 1500 }],
      run: async (ctx) => {
        await sticky.set(`text:${ctx.channelId}`, ctx.options.text);
        await put(ctx.channelId, ctx.options.text);
      },
    }),
    prefix({
      name: "unstick",
      description: "Takes it away",
      permissions: "ManageMessages",
      run: async (ctx) => {
        await sticky.delete(`text:${ctx.channelId}`);
        const old = await sticky.get(`message:${ctx.channelId}`);
        if (old !== null) await rest.deleteMessage({ channelId: ctx.channelId, messageId: old });
        await sticky.delete(`message:${ctx.channelId}`);
        await ctx.react("✅");
      },
    }),
  ],
});

on("messageCreate", async (ctx) => {
  if (ctx.author.bot || ctx.msg.content.startsWith("!")) return;
  const text = await sticky.get(`text:${ctx.channelId}`);
  if (text !== null) await put(ctx.channelId, text);
});

// Tells a channel what happens: deleted and edited messages, who comes and goes.

const settings = kv.store("audit-log");

async function tell(title: string, text: string, color: number): Promise<void> {
  const channelId = await settings.get("channel");
  if (channelId === null) return;
  await rest.sendMessage({ channelId, embeds: [embed().setTitle(title).setDescription(text.slice(0, 4000)).setColor(color).setTimestamp()] });
}

createBot({
  slashCommands: [
    slash({
      name: "audit-log",
      description: "Makes this the channel where it is told",
      permissions: ["ManageGuild"],
      run: async (ctx) => {
        await settings.set("channel", ctx.channelId);
        await ctx.reply({ content: "What happens is told here.", ephemeral: true });
      },
    }),
  ],
});

// Discord does not say what was in a deleted message, so it is remembered for a
// day. A store takes 120 writes a minute; ten of them share what is said.
function seen(messageId: string): flora.KvStore {
  return kv.store(`seen-${messageId.at(-1)}`);
}

on("messageCreate", async (ctx) => {
  if (ctx.author.bot || ctx.msg.content === "") return;
  await seen(ctx.msg.id).set(ctx.msg.id, JSON.stringify({ author: ctx.author.username, content: ctx.msg.content.slice(0, 1500) }), { ttl: 86_400 });
});

on("messageUpdate", async (ctx) => {
  const stored = await seen(ctx.msg.id).get(ctx.msg.id);
  if (stored === null) return;
  const before = JSON.parse(stored);
  if (before.content === ctx.msg.content) return;
  await seen(ctx.msg.id).set(ctx.msg.id, JSON.stringify({ ...before, content: ctx.msg.content.slice(0, 1500) }), { ttl: 86_400 });
  await tell("Message edited", `${before.author} in <#${ctx.msg.channelId}>\n**before** ${before.content}\n**after** ${ctx.msg.content}`, 0xfee75c);
});

on("messageDelete", async (ctx) => {
  const stored = await seen(ctx.msg.id).get(ctx.msg.id);
  if (stored === null) return;
  const { author, content } = JSON.parse(stored);
  await tell("Message deleted", `${author} in <#${ctx.msg.channelId}>\n${content}`, 0xed4245);
});

on("guildMemberAdd", (ctx) => tell("Joined", `${ctx.msg.user.username} (${ctx.msg.user.id})`, 0x57f287));
on("guildMemberRemove", (ctx) => tell("Left", `${ctx.msg.user.username} (${ctx.msg.user.id})`, 0x99aab5));

// Texts that members save and fetch by name, completed while you type.

const tags = kv.store("tags");

async function names(begin: string): Promise<string[]> {
  const { keys } = await tags.list({ prefix: begin.toLowerCase(), limit: 25 });
  return keys.map((k) => k.name);
}

const name = { name: "name", description: "Which", required: true, maxLength: 50, autocomplete: (ctx: flora.AutocompleteContext) => names(String(ctx.focused.value)) } as const;

createBot({
  prefix: "?",
  slashCommands: [
    slash({
      name: "tag",
      description: "Saved texts",
      subcommands: [
        subcommand({
          name: "show",
          description: "Shows a text",
          options: [name],
          run: async (ctx) => {
            const text = await tags.get(ctx.options.name.toLowerCase());
            await ctx.reply(text === null ? { content: "There is no such tag.", ephemeral: true } : { content: text, allowedMentions: { parse: [] } });
          },
        }),
        subcommand({
          name: "set",
          description: "Saves a text",
          options: [{ name: "name", description: "What to call it", required: true, maxLength: 50 }, { name: "text", description: "The text", required: true, maxLength: 2000 }],
          run: async (ctx) => {
            const key = ctx.options.name.toLowerCase();
            const { metadata } = await tags.getWithMetadata(key);
            if (metadata !== undefined && metadata.owner !== ctx.user.id) return ctx.reply({ content: "That one is somebody else's.", ephemeral: true });
            await tags.set(key, ctx.options.text, { metadata: { owner: ctx.user.id } });
            return ctx.reply({ content: `Saved. Say ?${key} to show it.`, ephemeral: true });
          },
        }),
        subcommand({
          name: "delete",
          description: "Deletes a text",
          options: [name],
          run: async (ctx) => {
            const key = ctx.options.name.toLowerCase();
            const { metadata } = await tags.getWithMetadata(key);
            if (metadata?.owner !== ctx.user.id) return ctx.reply({ content: "You have no such tag.", ephemeral: true });
            await tags.delete(key);
            return ctx.reply({ content: "Deleted.", ephemeral: true });
          },
        }),
      ],
    }),
  ],
});

// "?rules" shows the tag "rules".
on("messageCreate", async (ctx) => {
  if (ctx.author.bot || !ctx.msg.content.startsWith("?")) return;
  const text = await tags.get(ctx.msg.content.slice(1).trim().toLowerCase() || "?");
  if (text !== null) await ctx.reply({ content: text, allowedMentions: { parse: [] } });
});

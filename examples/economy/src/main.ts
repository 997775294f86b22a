// Coins: a daily wage, payments between members and a rich list.

const wallets = kv.store("coins");
const wage = 100;

async function balance(userId: string): Promise<number> {
  return Number((await wallets.get(userId)) ?? 0);
}

async function put(userId: string, coins: number): Promise<void> {
  await wallets.set(userId, String(coins), { metadata: { coins } });
}

// Handlers overlap where they wait, so what reads a balance and writes it again
// takes its turn.
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(f: () => Promise<T>): Promise<T> {
  const mine = last.then(f);
  last = mine.catch(() => undefined);
  return mine;
}

createBot({
  prefix: "$",
  help: true,
  commands: [
    prefix({
      name: "balance",
      aliases: ["bal"],
      description: "How many coins somebody has",
      args: [{ name: "member", type: "user", required: false }],
      run: async (ctx) => {
        const user = ctx.options.member ?? ctx.author;
        await ctx.reply(`${user.username} has ${await balance(user.id)} coins.`);
      },
    }),
    prefix({
      name: "daily",
      description: "Your wage, once in a day",
      run: (ctx) =>
        inTurn(async () => {
          const paid = kv.store("wages");
          const { value, expiration } = await paid.getWithMetadata(ctx.author.id);
          if (value !== null) return ctx.reply(`You were paid already; come back <t:${expiration}:R>.`);
          await paid.set(ctx.author.id, "paid", { ttl: 86_400 });
          await put(ctx.author.id, (await balance(ctx.author.id)) + wage);
          return ctx.reply(`Here are ${wage} coins.`);
        }),
    }),
    prefix({
      name: "pay",
      description: "Gives coins to somebody",
      cooldown: { seconds: 10, uses: 3 },
      args: [{ name: "member", type: "user" }, { name: "coins", type: "integer", min: 1 }],
      run: (ctx) =>
        inTurn(async () => {
          const { member, coins } = ctx.options;
          const have = await balance(ctx.author.id);
          if (member.id === ctx.author.id || member.bot) return ctx.reply("That would be pointless.");
          if (have < coins) return ctx.reply(`You have ${have} coins only.`);
          await put(ctx.author.id, have - coins);
          await put(member.id, (await balance(member.id)) + coins);
          return ctx.reply(`${member.username} got ${coins} coins.`);
        }),
    }),
    prefix({
      name: "rich",
      description: "Who has most",
      run: async (ctx) => {
        const { keys } = await wallets.list({ limit: 1000 });
        const top = keys.sort((a, b) => b.metadata.coins - a.metadata.coins).slice(0, 10);
        await ctx.reply({ content: top.map((k, i) => `${i + 1}. <@${k.name}>: ${k.metadata.coins}`).join("\n") || "Nobody has anything.", allowedMentions: { parse: [] } });
      },
    }),
  ],
});

// The bot that every server starts with. Say "!ping", or use /hello and
// /counter.

const counters = kv.store("counters");
const key = "default";

async function current(): Promise<number> {
  return Number((await counters.get(key)) ?? 0);
}

const ping = prefix({
  name: "ping",
  description: "Answers pong!",
  run: (ctx) => ctx.reply("pong!"),
});

const hello = slash({
  name: "hello",
  description: "Says hello",
  options: [{ name: "name", description: "Whom to greet; you, if left out", type: "string" }],
  run: (ctx) => ctx.reply(`Hello, ${ctx.options.name ?? ctx.msg.user.username}!`),
});

const counter = slash({
  name: "counter",
  description: "Counts, and remembers it",
  subcommands: [
    {
      name: "get",
      description: "Shows the counter",
      run: async (ctx) => ctx.reply(`The counter is at ${await current()}.`),
    },
    {
      name: "increment",
      description: "Adds to the counter",
      options: [{ name: "by", description: "How much; 1, if left out", type: "integer" }],
      run: async (ctx) => {
        const next = (await current()) + (ctx.options.by ?? 1);
        await counters.set(key, String(next));
        await ctx.reply(`The counter is at ${next} now.`);
      },
    },
    {
      name: "reset",
      description: "Sets the counter to 0",
      run: async (ctx) => {
        await counters.delete(key);
        await ctx.reply("The counter is at 0 now.");
      },
    },
  ],
});

createBot({ prefix: "!", commands: [ping], slashCommands: [hello, counter] });

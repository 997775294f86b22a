// A quote book: right-click a message, Apps, Quote; /quote brings one back.

interface Quote {
  text: string;
  author: string;
  by: string;
}

const book = kv.store("quotes");

function show(n: number, q: Quote) {
  return { embeds: [embed().setDescription(q.text).setFooter(`#${n} · ${q.author} · quoted by ${q.by}`)] };
}

createBot({
  slashCommands: [
    slash({
      name: "Quote",
      type: "message",
      run: async (ctx) => {
        if (ctx.target.content === "") return ctx.reply({ content: "There is no text to quote.", ephemeral: true });
        const n = Number((await book.get("count")) ?? 0) + 1;
        const quote: Quote = { text: ctx.target.content, author: ctx.target.author.username, by: ctx.user.username };
        await book.set(`quote:${n}`, JSON.stringify(quote));
        await book.set("count", String(n));
        return ctx.reply(show(n, quote));
      },
    }),
    slash({
      name: "quote",
      description: "Shows a quote",
      options: [{ name: "number", description: "Which; any, if left out", type: "integer", minValue: 1 }],
      run: async (ctx) => {
        const count = Number((await book.get("count")) ?? 0);
        const n = ctx.options.number ?? 1 + Math.floor(Math.random() * count);
        const stored = await book.get(`quote:${n}`);
        await ctx.reply(stored === null ? { content: count === 0 ? "The book is empty." : `There are ${count} quotes.`, ephemeral: true } : show(n, JSON.parse(stored)));
      },
    }),
  ],
});

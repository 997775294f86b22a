// Discord's own polls, with a log of who votes.

const votes = kv.store("votes");

createBot({
  slashCommands: [
    slash({
      name: "ask",
      description: "Starts one of Discord's polls",
      options: [
        { name: "question", description: "What", required: true, maxLength: 300 },
        { name: "answers", description: "Up to ten, with commas between", required: true },
        { name: "hours", description: "How long", type: "integer", minValue: 1, maxValue: 768 },
      ],
      run: async (ctx) => {
        const answers = ctx.options.answers.split(",").map((a) => a.trim()).filter((a) => a !== "").slice(0, 10);
        await ctx.reply({
          poll: {
            question: { text: ctx.options.question },
            answers: answers.map((text) => ({ poll_media: { text: text.slice(0, 55) } })),
            duration: ctx.options.hours ?? 24,
          },
        });
      },
    }),
    slash({
      name: "turnout",
      description: "How many votes there have been",
      run: async (ctx) => ctx.reply(`${(await votes.get("count")) ?? 0} votes so far.`),
    }),
  ],
});

on("messagePollVoteAdd", async () => {
  await votes.set("count", String(Number((await votes.get("count")) ?? 0) + 1));
});

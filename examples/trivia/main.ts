// Questions with four buttons; the first right answer scores.

const questions = [
  { ask: "How many bits are in a byte?", answers: ["8", "4", "16", "10"] },
  { ask: "Which planet is the largest?", answers: ["Jupiter", "Saturn", "Earth", "Mars"] },
  { ask: "What is 7 times 8?", answers: ["56", "54", "63", "48"] },
]; // The first answer is the right one.

const scores = kv.store("trivia");

createBot({
  slashCommands: [
    slash({
      name: "trivia",
      description: "Asks a question",
      run: async (ctx) => {
        const n = Math.floor(Math.random() * questions.length);
        const q = questions[n]!;
        const order = q.answers.map((answer, i) => ({ answer, i, at: Math.random() })).sort((a, b) => a.at - b.at);
        await ctx.reply({
          content: `**${q.ask}**`,
          components: [actionRow().addComponents(order.map(({ answer, i }) => button().setCustomId(`trivia:${n}:${i}`).setLabel(answer).setStyle(ButtonStyle.Secondary)))],
        });
      },
    }),
    slash({
      name: "score",
      description: "Shows your points",
      run: async (ctx) => ctx.reply(`You have ${(await scores.get(ctx.user.id)) ?? 0} points.`),
    }),
  ],
});

onComponent("trivia:{question}:{answer}", async (ctx) => {
  const q = questions[Number(ctx.params.question)]!;
  if (ctx.params.answer !== "0") return ctx.reply({ content: `"${q.answers[Number(ctx.params.answer)]}" is wrong.`, ephemeral: true });
  await scores.set(ctx.user.id, String(Number((await scores.get(ctx.user.id)) ?? 0) + 1));
  return ctx.update({ content: `**${q.ask}** ${q.answers[0]}! The point goes to <@${ctx.user.id}>.`, components: [], allowedMentions: { parse: [] } });
});

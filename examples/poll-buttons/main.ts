// Polls with a button for each answer; everybody has one vote and may change it.

interface Poll {
  question: string;
  answers: string[];
  votes: Record<string, number>;
}

const polls = kv.store("polls");

function show(id: string, poll: Poll) {
  const counts = poll.answers.map((_, i) => Object.values(poll.votes).filter((v) => v === i).length);
  const total = counts.reduce((a, b) => a + b, 0);
  const lines = poll.answers.map((answer, i) => {
    const share = total === 0 ? 0 : counts[i]! / total;
    return `${answer}\n\`${"█".repeat(Math.round(share * 10)).padEnd(10, "░")}\` ${counts[i]}`;
  });
  return {
    embeds: [embed().setTitle(poll.question).setDescription(lines.join("\n")).setFooter(`${total} votes`)],
    components: [actionRow().addComponents(poll.answers.map((answer, i) => button().setCustomId(`poll:${id}:${i}`).setLabel(answer.slice(0, 80)).setStyle(ButtonStyle.Secondary)))],
  };
}

createBot({
  slashCommands: [
    slash({
      name: "poll",
      description: "Asks everybody",
      options: [
        { name: "question", description: "What", required: true, maxLength: 200 },
        { name: "answers", description: "Two to five, with commas between", required: true },
      ],
      run: async (ctx) => {
        const answers = ctx.options.answers.split(",").map((a) => a.trim()).filter((a) => a !== "");
        if (answers.length < 2 || answers.length > 5) return ctx.reply({ content: "Give two to five answers with commas between.", ephemeral: true });
        const poll: Poll = { question: ctx.options.question, answers, votes: {} };
        const id = ctx.msg.interactionId;
        await polls.set(id, JSON.stringify(poll), { ttl: 30 * 86_400 });
        return ctx.reply(show(id, poll));
      },
    }),
  ],
});

onComponent("poll:{id}:{answer}", async (ctx) => {
  const { id, answer } = ctx.params;
  const stored = await polls.get(id);
  if (stored === null) return ctx.reply({ content: "This poll is over.", ephemeral: true });
  const poll: Poll = JSON.parse(stored);
  poll.votes[ctx.user.id] = Number(answer);
  await polls.set(id, JSON.stringify(poll), { ttl: 30 * 86_400 });
  return ctx.update(show(id, poll));
});

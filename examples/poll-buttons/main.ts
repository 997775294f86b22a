// Polls with a button for each answer; everybody has one vote and may change it.

interface Poll {
  question: string;
  answers: string[];
}

const polls = kv.store("polls");
// A key for each vote: two people who vote at once do not get in each other's way.
const votes = kv.store("poll-votes");
const month = 30 * 86_400;

async function show(id: string, poll: Poll) {
  const counts = poll.answers.map(() => 0);
  let cursor: string | undefined;
  do {
    const page = await votes.list({ prefix: `${id}:`, limit: 1000, cursor });
    for (const k of page.keys) counts[k.metadata.answer]!++;
    cursor = page.cursor;
  } while (cursor !== undefined);
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
        const id = ctx.msg.interactionId;
        const poll: Poll = { question: ctx.options.question, answers };
        await polls.set(id, JSON.stringify(poll), { ttl: month });
        return ctx.reply(await show(id, poll));
      },
    }),
  ],
});

onComponent("poll:{id}:{answer}", async (ctx) => {
  const { id, answer } = ctx.params;
  const stored = await polls.get(id);
  if (stored === null) return ctx.reply({ content: "This poll is over.", ephemeral: true });
  await votes.set(`${id}:${ctx.user.id}`, answer, { ttl: month, metadata: { answer: Number(answer) } });
  return ctx.update(await show(id, JSON.parse(stored)));
});

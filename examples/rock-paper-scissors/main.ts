// Rock, paper, scissors against another member; both choose in secret.

const hands = ["rock", "paper", "scissors"] as const;
const emoji = { rock: "🪨", paper: "📄", scissors: "✂️" };
type Hand = (typeof hands)[number];

const games = kv.store("rps");

function beats(a: Hand, b: Hand): boolean {
  return (hands.indexOf(a) - hands.indexOf(b) + 3) % 3 === 1;
}

createBot({
  slashCommands: [
    slash({
      name: "rps",
      description: "Rock, paper, scissors",
      options: [{ name: "against", description: "Whom you challenge", type: "user", required: true }],
      run: (ctx) => {
        const { against } = ctx.options;
        if (against.id === ctx.user.id || against.bot) return ctx.reply({ content: "Challenge somebody else.", ephemeral: true });
        const id = `${ctx.user.id}-${against.id}`;
        return ctx.reply({
          content: `<@${against.id}>, <@${ctx.user.id}> challenges you!`,
          components: [actionRow().addComponents(hands.map((h) => button().setCustomId(`rps:${id}:${h}`).setLabel(h).setEmoji(emoji[h]).setStyle(ButtonStyle.Secondary)))],
        });
      },
    }),
  ],
});

onComponent("rps:{one}-{two}:{hand}", async (ctx) => {
  const { one, two } = ctx.params;
  if (ctx.user.id !== one && ctx.user.id !== two) return ctx.reply({ content: "This is not your game.", ephemeral: true });
  const chosen: Record<string, Hand> = JSON.parse((await games.get(ctx.message.id)) ?? "{}");
  if (chosen[ctx.user.id] !== undefined) return ctx.reply({ content: "You have chosen already.", ephemeral: true });
  chosen[ctx.user.id] = ctx.params.hand as Hand;
  const [a, b] = [chosen[one], chosen[two]];
  if (a === undefined || b === undefined) {
    await games.set(ctx.message.id, JSON.stringify(chosen), { ttl: 3600 });
    return ctx.reply({ content: `You took ${ctx.params.hand}. Now the other one.`, ephemeral: true });
  }
  await games.delete(ctx.message.id);
  const winner = a === b ? "Nobody wins" : beats(a, b) ? `<@${one}> wins` : `<@${two}> wins`;
  return ctx.update({ content: `${emoji[a]} against ${emoji[b]}: ${winner}!`, components: [] });
});

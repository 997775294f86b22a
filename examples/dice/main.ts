// "/roll 2d6+1" and "!roll 2d6+1", with buttons to roll again.

function roll(text: string): string | undefined {
  const found = /^(\d{0,2})d(\d{1,4})([+-]\d{1,4})?$/.exec(text.replaceAll(" ", "").toLowerCase());
  if (found === null) return undefined;
  const count = Math.max(1, Number(found[1] || 1));
  const sides = Math.max(2, Number(found[2]));
  const plus = Number(found[3] ?? 0);
  const dice = Array.from({ length: count }, () => 1 + Math.floor(Math.random() * sides));
  const sum = dice.reduce((a, b) => a + b, plus);
  return `🎲 ${text}: ${dice.join(" + ")}${plus === 0 ? "" : ` ${found[3]}`} = **${sum}**`;
}

function answer(text: string) {
  const content = roll(text);
  if (content === undefined) return { content: "Say it like 2d6 or d20+3.", ephemeral: true };
  return { content, components: [actionRow().addComponents(button().setCustomId(`roll:${text}`).setLabel("Again").setStyle(ButtonStyle.Secondary))] };
}

createBot({
  commands: [prefix({ name: "roll", aliases: ["r"], description: "Rolls dice", args: [{ name: "dice", type: "rest", default: "d6" }], run: (ctx) => ctx.reply(answer(ctx.options.dice)) })],
  slashCommands: [slash({ name: "roll", description: "Rolls dice", options: [{ name: "dice", description: "2d6, d20+3; d6, if left out", maxLength: 20 }], run: (ctx) => ctx.reply(answer(ctx.options.dice ?? "d6")) })],
});

onComponent("roll:{dice}", (ctx) => ctx.reply(answer(ctx.params.dice)));

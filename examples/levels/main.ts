// Who talks gains experience, at most once in a minute; /rank and /leaderboard.

interface Progress {
  xp: number;
  last: number;
}

const progress = kv.store("levels");
const pause = 60_000;

function levelOf(xp: number): number {
  return Math.floor(Math.sqrt(xp / 20));
}

async function of(userId: string): Promise<Progress> {
  return JSON.parse((await progress.get(userId)) ?? '{"xp":0,"last":0}');
}

on("messageCreate", async (ctx) => {
  if (ctx.author.bot) return;
  const before = await of(ctx.author.id);
  if (Date.now() - before.last < pause) return;
  const xp = before.xp + 15 + Math.floor(Math.random() * 10);
  try {
    await progress.set(ctx.author.id, JSON.stringify({ xp, last: Date.now() }), { metadata: { xp } });
  } catch (e) {
    // A store takes 120 writes a minute. Where more people talk, some words earn nothing.
    if ((e as flora.FloraError).code === "RATE_LIMITED") return;
    throw e;
  }
  // The first message makes nobody's level; later ones are cheered.
  if (before.xp > 0 && levelOf(xp) > levelOf(before.xp)) await ctx.send(`🎉 ${ctx.author.username} has reached level ${levelOf(xp)}.`);
});

createBot({
  slashCommands: [
    slash({
      name: "rank",
      description: "Shows somebody's level",
      options: [{ name: "member", description: "Whose; yours, if left out", type: "user" }],
      run: async (ctx) => {
        const user = ctx.options.member ?? ctx.user;
        const { xp } = await of(user.id);
        await ctx.reply(`${user.username} is at level ${levelOf(xp)} with ${xp} XP.`);
      },
    }),
    slash({
      name: "leaderboard",
      description: "Who talks most",
      run: async (ctx) => {
        await ctx.defer();
        const all: { id: string; xp: number }[] = [];
        let cursor: string | undefined;
        do {
          const page = await progress.list({ limit: 1000, cursor });
          for (const k of page.keys) all.push({ id: k.name, xp: k.metadata?.xp ?? 0 });
          cursor = page.listComplete ? undefined : page.cursor;
        } while (cursor !== undefined);
        const top = all.sort((a, b) => b.xp - a.xp).slice(0, 10);
        await ctx.reply({ embeds: [embed().setTitle("Leaderboard").setDescription(top.map((p, i) => `${i + 1}. <@${p.id}>: level ${levelOf(p.xp)}, ${p.xp} XP`).join("\n") || "Nobody yet.")] });
      },
    }),
  ],
});

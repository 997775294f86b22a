// Shows what a link to a GitHub issue or pull request is about.

const link = /https:\/\/github\.com\/([\w.-]+)\/([\w.-]+)\/(?:issues|pull)\/(\d+)/;
const cache = kv.store("github");

interface Issue {
  title: string;
  state: string;
  user: { login: string };
  comments: number;
  html_url: string;
  pull_request?: { merged_at: string | null };
}

async function fetchIssue(owner: string, repo: string, number: string): Promise<Issue | undefined> {
  const key = `${owner}/${repo}#${number}`;
  const cached = await cache.get(key);
  if (cached !== null) return JSON.parse(cached);
  const response = await fetch(`https://api.github.com/repos/${owner}/${repo}/issues/${number}`, {
    headers: { accept: "application/vnd.github+json", "user-agent": "flora-example" },
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`GitHub answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
  const issue = (await response.json()) as Issue;
  await cache.set(key, JSON.stringify(issue), { ttl: 300 });
  return issue;
}

on("messageCreate", async (ctx) => {
  if (ctx.author.bot) return;
  const found = link.exec(ctx.msg.content);
  if (found === null) return;
  const [, owner, repo, number] = found as unknown as [string, string, string, string];
  try {
    const issue = await fetchIssue(owner, repo, number);
    if (issue === undefined) return;
    const state = issue.pull_request?.merged_at ? "merged" : issue.state;
    await ctx.reply({
      embeds: [
        embed()
          .setTitle(`${issue.title} #${number}`.slice(0, 256))
          .setUrl(issue.html_url)
          .setColor(state === "open" ? 0x3fb950 : 0x8957e5)
          .setFooter(`${owner}/${repo} · ${state} · ${issue.comments} comments · by ${issue.user.login}`),
      ],
      allowedMentions: { parse: [], repliedUser: false },
    });
  } catch (e) {
    console.warn("no preview of", found[0], e);
    await ctx.react("⚠️");
  }
});

package replicas

import (
	"encoding/json"
	"fmt"
)

// kinds are the ways in which the bot answers: at once, after a pause, after
// reading and writing keys, after a long time, after keeping its thread busy.
var kinds = []string{"now", "wait", "keys", "long", "busy"}

// source is the bot. A message or a command names a kind and a text of its own,
// which comes back; a message of the kind "queue" comes back by way of a queue. How
// often a handler of the kind "keys" ran is under its text.
const source = `
const VERSION = %q, CHANNEL = %q;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const db = await Deno.openKv();

async function work(kind, text) {
	if (kind === "wait") await pause(60);
	if (kind === "long") await pause(800);
	if (kind === "busy") for (const end = Date.now() + 15; Date.now() < end;);
	if (kind === "keys") {
		const seen = kv.store("seen");
		const n = 1 + Number((await seen.get(text)) ?? 0);
		await seen.set(text, String(n), { metadata: { n } });
	}
}

on("messageCreate", async (c) => {
	if (c.msg.author.bot) return;
	const [kind, text] = c.msg.content.split(":");
	if (kind === "which") return c.reply("which:" + text + ":" + VERSION);
	if (kind === "queue") {
		await db.enqueue(text);
		return c.reply("put:" + text);
	}
	await work(kind, text);
	await c.reply("re:" + text);
});

db.listenQueue((text) => rest.sendMessage({ channelId: CHANNEL, content: "queued:" + text }));

cron("tick", "*/2 * * * * *", ({ scheduledAt }) => rest.sendMessage({ channelId: CHANNEL, content: "tick:" + scheduledAt }));

createBot({
	prefix: "unused!",
	slashCommands: [
		slash({
			name: "act",
			description: "Does something",
			errorReply: false,
			options: [{ name: "kind", description: "What", required: true }, { name: "text", description: "What comes back", required: true }],
			run: async (ctx) => {
				const { kind, text } = ctx.options;
				if (kind === "long") await ctx.defer();
				await work(kind, text);
				await ctx.reply("re:" + text);
			},
		}),
	],
});
`

// deployment is the body of a deployment of the bot.
func deployment(version, channel string) []byte {
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{
		{"path": "main.ts", "contents": fmt.Sprintf(source, version, channel)},
	}})
	if err != nil {
		panic(err) // Strings only.
	}
	return body
}

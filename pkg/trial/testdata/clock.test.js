// The script's time: it stands still, and moves when its test says so.
import { assert, assertEquals, assertRejects, createTestBot, HandlerError } from "@flora/sdk/testing";

const script = `
const log = [];
const s = kv.store("s");
on("messageCreate", async (ctx) => {
  const c = ctx.msg.content;
  if (c === "now") return void (await ctx.reply(new Date().toISOString() + " " + Date.now() + " " + typeof Date() + " " + (new Date() instanceof Date)));
  if (c === "slow") { await new Promise((r) => setTimeout(r, 5000)); await ctx.reply("after"); }
  if (c === "forever") { await new Promise(() => {}); }
  if (c === "keep") { await s.set("k", "v", { ttl: 60 }); }
  if (c === "get") { await ctx.reply(String(await s.get("k"))); }
  if (c === "background") { (async () => { for (let i = 0; i < 5; i++) await s.set("b" + i, "x"); await ctx.reply("bg"); })(); }
  if (c === "spin") for (;;);
  if (c === "embed") await ctx.reply({ embeds: [embed().setTitle("T").setTimestamp()] });
});
on("reactionAdd", async (ctx) => { console.log("reacted", ctx.msg.emoji.name); });
on("guildMemberAdd", async (ctx) => { console.log("joined", ctx.msg.user.username); });
on("guildMemberRemove", async (ctx) => { console.log("left", ctx.msg.user.username); });
on("ready", () => console.log("ready"));
on("custom", (ctx) => console.log("custom", ctx.msg.x));
let n = 0;
setInterval(() => { n++; console.log("tick", n, Date.now()); }, 1000);
cron("minutely", "* * * * *", () => console.log("cron", new Date().toISOString()));
createBot({ slashCommands: [slash({ name: "pick", description: "x", options: [{ name: "q", description: "q", type: "string", autocomplete: async (ctx) => [{ name: "A" + ctx.focused.value, value: "a" }], required: true }], run: (ctx) => ctx.reply("ok " + ctx.options.q) })] });
console.log("env", Deno.env.get("V"), secrets.get("S"));
`;
Deno.test("clock", async () => {
  const bot = await createTestBot(script, { now: new Date("2027-02-03T04:05:06Z"), vars: { V: "v1" }, secrets: { S: "s1" } });
  const { reply } = await bot.say("now");
  assertEquals(reply.content, "2027-02-03T04:05:06.000Z 1801627506000 string true");
  assertEquals(bot.now, 1801627506000);
  assertEquals(bot.logs[0].text, "env v1 s1");
  const o = await bot.advance(3500);
  assertEquals(o.logs.map((l) => l.text), ["tick 1 1801627507000", "tick 2 1801627508000", "tick 3 1801627509000"]);
});
Deno.test("slow", async () => {
  const bot = await createTestBot(script);
  const pending = bot.say("slow");
  await bot.advance(4999);
  assertEquals(bot.messages.length, 0);
  await bot.advance(1);
  const { reply } = await pending;
  assertEquals(reply.content, "after");
});
Deno.test("timeout of a handler", async () => {
  const bot = await createTestBot(script);
  const pending = bot.say("forever");
  const r = assertRejects(() => pending, HandlerError, "did not finish within 30s");
  await bot.advance(31_000);
  await r;
});
Deno.test("expiry", async () => {
  const bot = await createTestBot(script);
  await bot.say("keep");
  assertEquals((await bot.say("get")).reply.content, "v");
  await bot.advance(59_000);
  assertEquals(bot.kv.store("s").get("k"), "v");
  await bot.advance(2_000);
  assertEquals(bot.kv.store("s").get("k"), undefined);
  assertEquals((await bot.say("get")).reply.content, "null");
});
Deno.test("cron", async () => {
  const bot = await createTestBot(script);
  const o = await bot.advance(125_000);
  assertEquals(o.logs.filter((l) => l.text.startsWith("cron")).map((l) => l.text), ["cron 2026-01-01T00:01:00.000Z", "cron 2026-01-01T00:02:00.000Z"]);
  assertEquals(bot.crons, { minutely: { expr: "* * * * *", skipIfRunning: false } });
  const f = await bot.fire("minutely");
  assertEquals(f.logs.length, 1);
  await assertRejects(() => bot.fire("nope"), Error, 'there is no cron job "nope"; there are: minutely');
});
Deno.test("background work is waited for", async () => {
  const bot = await createTestBot(script);
  const o = await bot.say("background");
  assertEquals(o.reply.content, "bg");
  assertEquals(Object.keys(bot.kv.store("s").entries()).length, 5);
});
Deno.test("cpu stays real", async () => {
  const bot = await createTestBot(script);
  await assertRejects(() => bot.say("spin"), HandlerError, "of CPU");
  assertEquals((await bot.say("now")).replies.length, 1);
});
Deno.test("events", async () => {
  const bot = await createTestBot(script);
  const { said } = await bot.say("hi");
  assertEquals((await bot.react("👍", said)).logs.map((l) => l.text), ["reacted 👍"]);
  const j = await bot.join("zoe");
  assertEquals(j.logs.map((l) => l.text), ["joined zoe"]);
  assertEquals((await bot.leave("zoe")).logs.map((l) => l.text), ["left zoe"]);
  assertEquals((await bot.ready()).logs.map((l) => l.text), ["ready"]);
  assertEquals((await bot.emit("custom", { x: 5 })).logs.map((l) => l.text), ["custom 5"]);
  assertEquals((await bot.complete("pick", "q", "zz")), [{ name: "Azz", value: "a" }]);
  assertEquals((await bot.slash("pick", { q: "b" })).reply.content, "ok b");
  const e = await bot.say("embed");
  assertEquals(e.reply.embeds[0].title, "T");
  assert(e.reply.embeds[0].timestamp.startsWith("2026-01-01T00:00:00"), e.reply.embeds[0].timestamp);
});

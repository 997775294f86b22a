import assert from "node:assert/strict";
import * as fs from "node:fs";
import test from "node:test";
import { createTestBot, HandlerError } from "@flora/sdk/testing";

test("a file, by path and by URL", async () => {
  fs.writeFileSync("./script.mjs", `export const name = "x";
const { msg } = await new Promise((r) => r({ msg: "loaded" }));
console.log(msg);
createBot({ commands: [prefix({ name: "ping", run: (ctx) => ctx.reply("pong!") })] });
export default name;
export {
  msg
};`);
  for (const script of [{ file: "./script.mjs" }, new URL("../script.mjs", import.meta.url)]) {
    const bot = await createTestBot(script);
    assert.equal((await bot.say("!ping")).reply!.content, "pong!");
    assert.equal(bot.logs[0]!.text, "loaded");
  }
});

test("what cannot be loaded says why", async () => {
  await assert.rejects(createTestBot(`throw new TypeError("top level")`), /does not load: TypeError: top level/);
  await assert.rejects(createTestBot(`import x from "./x.js"; x();`), /imports other files/);
  await assert.rejects(createTestBot(`createBot(`), /Unexpected|missing/);
});

test("a function has the SDK as its globals", async () => {
  const bot = await createTestBot(() => {
    createBot({ commands: [prefix({ name: "ping", run: (ctx) => ctx.reply("pong!") })] });
  });
  assert.equal((await bot.say("!ping")).reply!.content, "pong!");
  const other = await createTestBot((sdk: any) => sdk.on("messageCreate", (ctx: any) => ctx.reply("other")));
  assert.equal((await other.say("x")).reply!.content, "other");
  other.close();
  assert.equal((globalThis as any).createBot, undefined);
});

test("handlers that fail reject the action", async () => {
  const bot = await createTestBot(`on("messageCreate", async (ctx) => { await ctx.reply("a"); throw new RangeError("no"); });`);
  await assert.rejects(bot.say("x"), (e) => e instanceof HandlerError && /RangeError: no/.test(e.message) && e.outcome.reply!.content === "a");
});

test("time", async () => {
  const bot = await createTestBot(
    `on("messageCreate", async (ctx) => { const from = Date.now(); await new Promise((r) => setTimeout(r, 5000)); await ctx.reply(String(Date.now() - from)); });
     setInterval(() => console.log("tick " + new Date().toISOString()), 60_000);`,
    { now: new Date("2026-05-01T00:00:00Z") },
  );
  const pending = bot.say("x");
  const { reply } = await bot.advance(5000);
  assert.equal(reply!.content, "5000");
  await pending;
  await bot.advance(115_000);
  assert.deepEqual(bot.logs.map((l) => l.text), ["tick 2026-05-01T00:01:00.000Z", "tick 2026-05-01T00:02:00.000Z"]);
});

test("key-value stores", async () => {
  const bot = await createTestBot(`const s = kv.store("s");
  on("go", async () => {
    await s.set("b", "2"); await s.set("a", "1", { ttl: 60, metadata: { x: 1 } });
    console.log(await s.get("a"), await s.get("none"), JSON.stringify(await s.list()), JSON.stringify(await s.getWithMetadata("a")));
    await s.updateMetadata("none").catch((e) => console.log(e.code));
    console.log(JSON.stringify(await s.list({ limit: 1 })));
  });
  on("after", async () => console.log(await s.get("a")));`, { now: 0 });
  await bot.emit("go");
  assert.deepEqual(bot.logs.map((l) => l.text), [
    '1 null {"keys":[{"name":"a","expiration":60,"metadata":{"x":1}},{"name":"b"}],"listComplete":true} {"value":"1","metadata":{"x":1},"expiration":60}',
    "NOT_FOUND", '{"keys":[{"name":"a","expiration":60,"metadata":{"x":1}}],"listComplete":false,"cursor":"a"}',
  ]);
  assert.deepEqual(bot.kv.store("s").entries(), { a: "1", b: "2" });
  await bot.advance(60_000);
  await bot.emit("after");
  assert.equal(bot.logs.at(-1)!.text, "null");
  bot.kv.store("s").set("c", "3");
  assert.equal(bot.kv.store("s").get("c"), "3");
});

test("cron jobs and events", async () => {
  const bot = await createTestBot(`cron("morning", "0 8 * * *", (ctx) => rest.sendMessage({ channelId: "${"0"}", content: ctx.name }).catch((e) => console.log(e.code, ctx.scheduledAt)));
  on("guildMemberAdd", (ctx) => console.log("in", ctx.msg.user.username)); on("guildMemberRemove", (ctx) => console.log("out", ctx.msg.user.username));
  on("reactionAdd", (ctx) => ctx.reply(ctx.msg.emoji.name)); on("ready", (ctx) => console.log(ctx.msg.user.username));`);
  assert.deepEqual(bot.crons, { morning: { expr: "0 8 * * *", skipIfRunning: false } });
  await bot.fire("morning");
  await assert.rejects(bot.fire("evening"), /there are: morning/);
  const { user } = await bot.join("carl");
  await bot.leave(user);
  await bot.ready();
  assert.deepEqual(bot.logs.map((l) => l.text), ["SCOPE_FORBIDDEN 2026-01-01T00:00:00Z", "in carl", "out carl", "flora"]);
  const { said } = await bot.say("x");
  assert.equal((await bot.react("👍", said)).reply!.replyTo, said.id);
});

test("calls of Discord's API, and other answers", async () => {
  const bot = await createTestBot(`on("go", async () => {
    const m = await rest.fetchMember({ userId: "${"5"}" }).catch((e) => e.discord_code);
    await rest.banMember({ userId: "9", reason: "spam" });
    console.log(m, (await rest.fetchGuild()).name);
  });`);
  await bot.emit("go");
  assert.equal(bot.logs[0]!.text, "10007 Test guild");
  assert.deepEqual(bot.calls("banMember"), [{ name: "banMember", args: { userId: "9", reason: "spam" } }]);
  bot.answer("fetchMember", { nick: "N" });
  bot.answer("fetchGuild", (args: any) => ({ name: JSON.stringify(args) }));
  await bot.emit("go");
  assert.equal(bot.logs[1]!.text, "{ nick: 'N' } {}");
  bot.answer("fetchGuild", undefined);
  await bot.emit("go");
  assert.equal(bot.logs[2]!.text, "{ nick: 'N' } Test guild");
});

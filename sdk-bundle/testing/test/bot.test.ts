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
    '1 null {"keys":[{"name":"a","expiration":60,"metadata":{"x":1}},{"name":"b"}],"listComplete":true} {"value":"1","metadata":{"x":1},"expiration":60,"version":2}',
    "NOT_FOUND", '{"keys":[{"name":"a","expiration":60,"metadata":{"x":1}}],"listComplete":false,"cursor":"a"}',
  ]);
  assert.deepEqual(bot.kv.store("s").entries(), { a: "1", b: "2" });
  await bot.advance(60_000);
  await bot.emit("after");
  assert.equal(bot.logs.at(-1)!.text, "null");
  bot.kv.store("s").set("c", "3");
  assert.equal(bot.kv.store("s").get("c"), "3");
});

test("key-value stores: many at once, conditions and counters", async () => {
  const bot = await createTestBot(`const s = kv.store("s");
  const show = (v) => console.log(JSON.stringify(v));
  const failed = (p) => p.then(() => console.log("done"), (e) => console.log(e.code, e.key, e.version));
  on("go", async () => {
    show(await s.setMany([{ key: "a", value: "1", metadata: [1] }, { key: "b", value: "2", ttl: 60 }]));
    show(await s.getMany(["b", "none", "a"]));
    await failed(s.set("a", "x", { ifAbsent: true }));
    await failed(s.set("a", "x", { ifVersion: 7 }));
    await failed(s.set("none", "x", { ifVersion: 7 }));
    await failed(s.batch({ set: [{ key: "c", value: "3" }], delete: [{ key: "a", ifVersion: 9 }] }));
    show(await s.get("c"));
    show(await s.batch({ set: [{ key: "c", value: "3", ifAbsent: true }], delete: [{ key: "a", ifVersion: 1 }, "none"] }));
    await failed(s.delete("c", { ifVersion: 1 }));
    await s.delete("c", { ifVersion: 2 });
    show([await s.increment("n"), await s.increment("n", -5), await s.increment("m", 1, { start: 41, ttl: 10 }), await s.increment("b")]);
    show(await s.getWithMetadata("b"));
    await s.set("t", "ten");
    await failed(s.increment("t"));
    await failed(s.increment("t2", 1, { start: 9007199254740991 }));
    await failed(s.deleteMany(["x", "x"]));
    await failed(s.getMany(Array.from({ length: 101 }, (_, i) => "k" + i)));
    await failed(s.setMany([]));
  });`, { now: 0 });
  await bot.emit("go");
  assert.deepEqual(bot.logs.map((l) => l.text), [
    '{"version":1}',
    '[{"key":"b","value":"2","expiration":60,"version":1},{"key":"none","value":null},{"key":"a","value":"1","metadata":[1],"version":1}]',
    "CONFLICT a 1", "CONFLICT a 1", "CONFLICT none null", "CONFLICT a 1", "null", '{"version":2}', "CONFLICT c 2", "[1,-4,42,3]",
    '{"value":"3","expiration":60,"version":7}',
    "INVALID_INPUT undefined undefined", "INVALID_INPUT undefined undefined", "INVALID_INPUT undefined undefined", "TOO_LARGE undefined undefined", "INVALID_INPUT undefined undefined",
  ]);
  assert.deepEqual(bot.kv.store("s").entries(), { b: "3", m: "42", n: "-4", t: "ten" });
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
  assert.equal(bot.logs[1]!.text, '{ nick: "N" } {}');
  bot.answer("fetchGuild", undefined);
  await bot.emit("go");
  assert.equal(bot.logs[2]!.text, '{ nick: "N" } Test guild');
});

test("fetch, URLs and UTF-8", async () => {
  const bot = await createTestBot(`on("go", async () => {
    const url = new URL("a?b=ü", "https://example.com/x/");
    url.searchParams.append("c", "1");
    const res = await fetch(url, { method: "POST", headers: { "x-a": "b" }, body: JSON.stringify({ a: "ä" }) });
    console.log(res.status, res.headers.get("content-type"), (await res.json()).ok, new TextDecoder().decode(new TextEncoder().encode("ß")));
    console.log(await (await fetch("https://example.com/t")).text());
    await fetch("https://example.com/down").catch((e) => console.log(e.name));
    try { new URL("nonsense"); } catch (e) { console.log(e.message); }
  });`);
  const asked: any[] = [];
  bot.onFetch((request) => {
    asked.push(request);
    if (request.url.endsWith("/down")) throw new Error("down");
    return request.method === "POST" ? { status: 201, json: { ok: "yes, ä" } } : { text: "téxt" };
  });
  await bot.emit("go");
  assert.deepEqual(bot.logs.map((l) => l.text), ["201 application/json yes, ä ß", "téxt", "Error", "Invalid URL: 'nonsense'"]);
  assert.equal(asked[0].url, "https://example.com/x/a?b=%C3%BC&c=1");
  assert.equal(asked[0].text, '{"a":"ä"}');
  assert.equal(asked[0].headers["x-a"], "b");
});

test("databases, queues, schedules and watches are in memory", async () => {
  fs.writeFileSync("./queue.mjs", `
      const db = await Deno.openKv();
      const seen = [];
      db.listenQueue((m) => { seen.push(m); if (typeof m === "object" && m.fail-- > 0) throw new Error("no"); });
      schedule.on("remind", ({ data, at, attempt }) => console.log("remind", data.text, attempt, Date.now() - at));
      (async () => { for await (const [e] of db.watch([["w"]])) console.log("watched", e.value); })();
      on("messageCreate", async ({ msg: { content } }) => {
        if (content === "put") {
          await db.atomic().set(["a", 1], new Date(5)).set(["a", 2n], new Map([[1, 2]])).sum(["n"], 5n).set(["w"], "w").commit();
          await db.set(["gone"], 1, { expireIn: 2000 });
          await db.enqueue("now");
          await db.enqueue({ fail: 9 }, { delay: 1000, backoffSchedule: [10], keysIfUndelivered: [["dead"]] });
          console.log((await db.atomic().check({ key: ["n"], versionstamp: null }).set(["n"], 1).commit()).ok);
          const id = await schedule(Date.now() + 60_000, "remind", { text: "tea" });
          console.log((await schedule.list()).length, await schedule.cancel("0"), id.length);
        }
        const keys = [];
        for await (const e of db.list({ prefix: [] }, { batchSize: 1 })) keys.push(e.key.map(String).join("."));
        console.log(keys.join(), (await db.get(["n"])).value?.value, JSON.stringify(seen), (await db.get(["dead"])).value);
      });`);
  const bot = await createTestBot({ file: "./queue.mjs" });
  const said = async (what: string) => (await bot.say(what)).logs.map((l: { text: string }) => l.text);
  assert.deepEqual((await said("put")).filter((l) => !l.startsWith("watched")), ["false", "1 false 48", 'a.2,a.1,gone,n,w 5n ["now"] null']);
  assert.ok(bot.logs.some((l: { text: string }) => l.text === "watched w"));
  await bot.advance(1000);
  assert.match((await said("look")).join(), /"now",\{"fail":8\}\] null$/);
  await bot.advance(10);
  assert.match((await said("look")).join(), /^a\.2,a\.1,dead,gone,n,w 5n .* \{ fail: 9 \}$/);
  await bot.advance(2000);
  assert.match((await said("look")).join(), /^a\.2,a\.1,dead,n,w /);
  assert.deepEqual((await bot.advance(60_000)).logs.map((l: { text: string }) => l.text), ["remind tea 1 0"]);
  assert.deepEqual((await bot.advance(600_000)).logs, []);
});

// What the examples do that needs another time or another network than the
// tests against a runtime have.
import assert from "node:assert/strict";
import test from "node:test";
import { createTestBot } from "@flora/sdk/testing";

test("birthdays: the bot congratulates in the morning", async () => {
  const bot = await createTestBot({ file: "examples/birthdays/main.ts" }, { now: new Date("2026-02-28T12:00:00Z") });
  await bot.slash("birthday set", { month: 3, day: 1 });
  assert.deepEqual((await bot.fire("birthdays")).replies, []);
  await bot.advance(86_400_000);
  assert.equal((await bot.fire("birthdays")).reply!.content, `🎂 Happy birthday, <@${bot.user.id}>!`);
  assert.match((await bot.slash("birthday today")).reply!.content, /^Today: <@/);
});

test("github: links are shown, once in five minutes fetched", async () => {
  const bot = await createTestBot({ file: "examples/github/main.ts" });
  let fetched = 0;
  bot.onFetch((request) => {
    fetched++;
    assert.equal(request.url, "https://api.github.com/repos/flora/runtime/issues/7");
    return { json: { title: "A bug", state: "open", user: { login: "ada" }, comments: 3, html_url: "https://github.com/flora/runtime/issues/7" } };
  });
  const link = "look: https://github.com/flora/runtime/issues/7";
  const { reply } = await bot.say(link);
  assert.equal(reply!.embeds[0].title, "A bug #7");
  assert.equal(reply!.embeds[0].footer.text, "flora/runtime · open · 3 comments · by ada");
  await bot.say(link);
  assert.equal(fetched, 1);
  await bot.advance(300_000);
  await bot.say(link);
  assert.equal(fetched, 2);
  assert.equal((await bot.say("nothing to see")).reply, undefined);
});

test("github: what is not there is not shown, what fails is marked", async () => {
  const bot = await createTestBot({ file: "examples/github/main.ts" });
  bot.onFetch(() => ({ status: 404, json: {} }));
  assert.deepEqual((await bot.say("https://github.com/a/b/pull/1")).said.reactions, []);
  bot.onFetch(() => ({ status: 502, text: "bad gateway" }));
  assert.deepEqual((await bot.say("https://github.com/a/b/pull/2")).said.reactions, ["⚠️"]);
  assert.match(bot.logs[0]!.text, /GitHub answered 502: bad gateway/);
});

test("levels: once a minute, and a level is cheered", async () => {
  const bot = await createTestBot({ file: "examples/levels/main.ts" });
  const cheers: string[] = [];
  for (let i = 0; i < 20; i++) {
    cheers.push(...(await bot.say("words")).replies.map((m) => m.content));
    await bot.say("more words");
    await bot.advance(60_000);
  }
  assert.ok(cheers.length >= 2, cheers.join());
  const { xp } = JSON.parse(bot.kv.store("levels").get(bot.user.id)!);
  assert.ok(xp >= 300 && xp < 500, `${xp}`);
});

import { assertEquals, createTestBot } from "@flora/sdk/testing";

Deno.test("a text is saved, completed and shown", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  await bot.slash("tag set", { name: "Rules", text: "Be nice." });
  assertEquals((await bot.complete("tag show", "name", "ru")).map((choice) => choice.value), ["rules"]);
  assertEquals((await bot.slash("tag show", { name: "rules" })).reply?.content, "Be nice.");
  assertEquals((await bot.say("?rules")).reply?.content, "Be nice.");
});

Deno.test("only who saved a text deletes it", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  await bot.slash("tag set", { name: "rules", text: "Be nice." });
  const refused = await bot.slash("tag delete", { name: "rules" }, { user: bot.addUser("mallory") });
  assertEquals(refused.reply?.content, "You have no such tag.");
  await bot.slash("tag delete", { name: "rules" });
  assertEquals(bot.kv.store("tags").entries(), {});
});

import { assertEquals, createTestBot } from "@flora/sdk/testing";

Deno.test("nobody is greeted before somebody says where", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  assertEquals((await bot.join("ada")).replies, []);
});

Deno.test("newcomers are greeted by name", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  await bot.slash("welcome", { channel: { id: bot.channelId }, text: "Hi {user}" }, { user: bot.owner });
  const { user, reply } = await bot.join("ada");
  assertEquals(reply?.content, `Hi <@${user.id}>`);
  assertEquals(reply?.embeds[0].title, "ada is here");
  assertEquals((await bot.leave(user)).reply?.content, "ada has left.");
});

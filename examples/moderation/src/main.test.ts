import { assertEquals, createTestBot } from "@flora/sdk/testing";

Deno.test("warnings are counted", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const member = bot.addUser("mallory");
  const warn = (reason: string) => bot.slash("mod warn", { member, reason }, { user: bot.owner });
  assertEquals((await warn("spam")).reply?.content, `<@${member.id}> was warned (1): spam`);
  assertEquals((await warn("more spam")).reply?.content, `<@${member.id}> was warned (2): more spam`);
  const { reply } = await bot.slash("mod warnings", { member }, { user: bot.owner });
  assertEquals(reply?.ephemeral, true);
  assertEquals(reply?.embeds[0].title, "Warnings of mallory");
});

Deno.test("a time-out needs a time", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const member = bot.addUser("mallory");
  const { reply } = await bot.slash("mod timeout", { member, time: "soon" }, { user: bot.owner });
  assertEquals(reply?.content, "Give a time such as 10m, 2h or 1d, at most 28 days.");
  assertEquals(bot.calls("editMember"), []);
});

Deno.test("a ban deletes messages", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const member = bot.addUser("mallory");
  await bot.slash("mod ban", { member, reason: "spam", days: 1 }, { user: bot.owner });
  const { userId, deleteMessageSeconds } = bot.calls("banMember")[0]!.args;
  assertEquals({ userId, deleteMessageSeconds }, { userId: member.id, deleteMessageSeconds: 86_400 });
});

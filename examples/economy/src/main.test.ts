import { assertEquals, createTestBot } from "@flora/sdk/testing";

Deno.test("the wage is paid once in a day", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  assertEquals((await bot.say("$daily")).reply?.content, "Here are 100 coins.");
  assertEquals((await bot.say("$daily")).reply?.content.startsWith("You were paid already"), true);
  assertEquals((await bot.say("$balance")).reply?.content, `${bot.user.username} has 100 coins.`);
});

Deno.test("nobody pays what they do not have", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const bob = bot.addUser("bob");
  assertEquals((await bot.say(`$pay <@${bob.id}> 30`)).reply?.content, "You have 0 coins only.");
  await bot.say("$daily");
  assertEquals((await bot.say(`$pay <@${bob.id}> 30`)).reply?.content, "bob got 30 coins.");
  assertEquals(bot.kv.store("coins").entries(), { [bot.user.id]: "70", [bob.id]: "30" });
});

Deno.test("a payment needs a number", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const { reply } = await bot.say(`$pay <@${bot.owner.id}> much`);
  assertEquals(reply?.content.includes("Usage: `$pay <member> <coins>`"), true);
});

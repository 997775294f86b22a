import { assertEquals, createTestBot } from "@flora/sdk/testing";

Deno.test("!ping is answered", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  const { reply } = await bot.say("!ping");
  assertEquals(reply?.content, "pong!");
});

Deno.test("/hello greets by name", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  assertEquals((await bot.slash("hello", { name: "Ada" })).reply?.content, "Hello, Ada!");
});

Deno.test("the counter counts, and is kept", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  await bot.slash("counter increment");
  await bot.slash("counter increment", { by: 4 });
  assertEquals((await bot.slash("counter get")).reply?.content, "The counter is at 5.");
  assertEquals(bot.kv.store("counters").get("default"), "5");
});

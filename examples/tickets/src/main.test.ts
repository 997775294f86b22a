import { assertEquals, createTestBot } from "@flora/sdk/testing";

Deno.test("a ticket is opened by a form, and closed by a button", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  await bot.slash("ticket-panel", {}, { user: bot.owner });
  const { modal } = await bot.click("ticket:open");
  assertEquals(modal.title, "New ticket");

  const { calls } = await bot.submit("ticket:new", { subject: "Help me", details: "It is broken" });
  const made = calls.find((call) => call.name === "createChannel");
  assertEquals(made?.args.payload.name, "ticket-1");
  assertEquals(made?.args.payload.topic, "Help me");

  await bot.click("ticket:close");
  assertEquals(bot.calls("deleteChannel").length, 0);
  await bot.advance(5000);
  assertEquals(bot.calls("deleteChannel").length, 1);
});

Deno.test("tickets are numbered", async () => {
  const bot = await createTestBot({ file: "src/main.ts" });
  await bot.slash("ticket-panel", {}, { user: bot.owner });
  for (const number of [1, 2]) {
    await bot.click("ticket:open");
    await bot.submit("ticket:new", { subject: "Help me", details: "" });
    assertEquals(bot.calls("createChannel").at(-1)?.args.payload.name, `ticket-${number}`);
  }
});

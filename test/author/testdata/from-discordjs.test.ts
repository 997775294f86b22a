// What the snippets of docs/from-discordjs.md do. Each is a file named after its
// heading, with a number where there are several.
import { assertEquals, assertStringIncludes, createTestBot } from "@flora/sdk/testing";

const start = (name: string, options = {}) => createTestBot({ file: `src/${name}.ts` }, options);

Deno.test("the client and its events", async () => {
  const bot = await start("the-client-and-its-events");
  assertEquals((await bot.say("hi")).reply?.content, "hello");
  assertEquals((await bot.say("ho")).replies, []);
  assertEquals((await bot.join("ada")).logs.map((l) => l.text), ["ada joined"]);
});

Deno.test("prefix commands", async () => {
  const bot = await start("prefix-commands");
  assertEquals((await bot.say("!ping")).reply?.content, "pong!");
  assertStringIncludes((await bot.say("!roll 20")).reply!.content, "You rolled ");
  assertStringIncludes((await bot.say("!roll 1")).reply!.content, "Usage: `!roll");
});

Deno.test("slash commands", async () => {
  const bot = await start("slash-commands");
  assertEquals((await bot.complete("fruit", "kind", "b")).map((c) => c.value), ["banana"]);
  const { reply } = await bot.slash("fruit", { kind: "banana", size: 2, to: bot.owner });
  assertEquals([reply?.content, reply?.ephemeral], ["owner gets a banana (2).", true]);
});

Deno.test("subcommands", async () => {
  const bot = await start("subcommands");
  assertEquals((await bot.slash("config show", {}, { user: bot.owner })).reply?.content, "Nothing is set.");
  const { reply } = await bot.slash("config log channel", { to: { id: bot.channelId } }, { user: bot.owner });
  assertEquals(reply?.content, `The log goes to <#${bot.channelId}>.`);
});

Deno.test("embeds", async () => {
  const bot = await start("embeds");
  const { reply } = await bot.say("!profile");
  assertEquals(reply?.embeds[0].title, "Profile");
  assertEquals(reply?.embeds[0].fields.length, 2);
});

Deno.test("buttons", async () => {
  const bot = await start("buttons-menus-and-modals-instead-of-collectors-1");
  await bot.say("!clear");
  const yes = `clear:${bot.user.id}:yes`;
  assertEquals((await bot.click(yes, { user: bot.owner })).reply?.content, "You were not asked.");
  assertEquals((await bot.click(yes)).message?.content, "Deleted.");
  await bot.say("!clear");
  await bot.advance(61_000);
  assertEquals((await bot.click(yes)).message?.content, "Too late.");
});

Deno.test("menus and modals", async () => {
  const bot = await start("buttons-menus-and-modals-instead-of-collectors-2");
  assertEquals((await bot.slash("report")).modal.title, "Report");
  const sent = await bot.submit("report", { what: "It is broken" });
  assertEquals([sent.reply?.content, sent.reply?.ephemeral], ["It is broken", true]);
  await bot.slash("choose");
  assertEquals((await bot.select("friend", [bot.owner])).reply?.content, "Hello, owner!");
  assertEquals((await bot.select("colour", ["red"])).message?.content, "You took red");
});

Deno.test("a conversation", async () => {
  const bot = await start("buttons-menus-and-modals-instead-of-collectors-3");
  assertEquals((await bot.say("!name")).reply?.content, "What is your name?");
  assertEquals((await bot.say("Ada")).reply?.content, "Hello, Ada!");
  assertEquals((await bot.say("Bob")).replies, []);
  await bot.say("!name");
  await bot.advance(31_000);
  assertEquals((await bot.say("Ada")).replies, []);
});

Deno.test("permissions", async () => {
  const bot = await start("permissions");
  const who = bot.addUser("mallory");
  assertEquals((await bot.slash("ban", { who }, { user: bot.owner })).reply?.content, "Done.");
  assertEquals(bot.calls("banMember").map((c) => c.args.userId), [who.id]);
});

Deno.test("members, roles and channels", async () => {
  const bot = await start("members-roles-and-channels");
  bot.answer("addMemberRole", null);
  bot.answer("editMember", {});
  bot.answer("searchMembers", [{}, {}]);
  bot.answer("createChannel", { id: bot.channelId });
  const { replies } = await bot.join("ada");
  assertEquals(replies.map((m) => m.content), ["ada, and 2 like ada"]);
});

Deno.test("databases", async () => {
  const bot = await start("databases");
  await bot.say("one");
  await bot.say("two");
  assertEquals((await bot.say("!top")).reply?.content, `<@${bot.user.id}>: 3`);
});

Deno.test("timers and schedules", async () => {
  const bot = await start("timers-and-schedules");
  assertEquals((await bot.fire("morning")).logs.map((l) => l.text), ["Good morning"]);
});

Deno.test("configuration and keys", async () => {
  const bot = await start("configuration-and-keys", { secrets: { JOKE_KEY: "k" }, vars: { GREETING: "hey" } });
  bot.onFetch((request) => ({ text: request.headers.authorization === "Bearer k" ? "a joke" : "no key" }));
  assertEquals((await bot.say("!joke")).reply?.content, "hey, a joke");
});

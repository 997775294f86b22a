import assert from "node:assert/strict";
import test from "node:test";
import { createTestBot, HandlerError } from "@flora/sdk/testing";

test("the first reply answers, later ones follow up, edit edits the answer", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [slash({ name: "a", description: "d", run: async (ctx) => {
    const first = await ctx.reply({ content: "one", flags: MessageFlags.SUPPRESS_EMBEDS, ephemeral: true });
    const second = await ctx.reply("two");
    await ctx.edit("one, edited");
    console.log(first.id, second.content);
  } })] });`);
  const { replies, calls, logs } = await bot.slash("a");
  assert.deepEqual(replies.map((m) => m.content), ["one, edited", "two"]);
  assert.equal(replies[0]!.flags, 68);
  assert.deepEqual(calls.map((c) => c.name), ["sendInteractionResponse", "createFollowupMessage", "editOriginalInteractionResponse"]);
  assert.equal(logs[0]!.text, `${replies[0]!.id} two`);
});

test("answers that come before the first one, or are none", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [slash({ name: "a", description: "d", run: async (ctx) => {
    for (const f of [() => ctx.edit("x"), () => ctx.followUp("x"), () => ctx.deleteReply(), () => ctx.showModal({ title: "t", components: [] }), () => ctx.showModal({ custom_id: "m", title: "t", components: [] })]) await f().catch((e) => console.log(e.name, e.message));
    await ctx.showModal({ custom_id: "m", title: "t", components: [label("Who").setComponent(userSelect("who"))] });
  } })] });
  onModal("m", (ctx) => ctx.reply({ content: ctx.fields.who[0].username, components: [userSelect("u").setMaxValues(2)] }));
  onComponent("u", (ctx) => ctx.reply(ctx.selected.map((u) => u.username).join()));`);
  const { logs } = await bot.slash("a");
  const early = "this interaction is not answered yet; use reply or defer first (Discord HTTP error (404): Unknown Webhook)";
  assert.deepEqual(logs.map((l) => l.text), [`Error edit: ${early}`, `Error followUp: ${early}`, `Error deleteReply: ${early}`,
    "TypeError Invalid input for modal.customId: expected a string that is not empty", "TypeError Invalid input for modal.components: expected an array of at least one component"]);
  const bob = bot.addUser("bob");
  assert.equal((await bot.submit("m", { who: [bob] })).reply!.content, "bob");
  assert.equal((await bot.select("u", [bob, bot.owner.id])).reply!.content, "bob,owner");
  await assert.rejects(bot.select("u", []), /takes from 1 to 2 values; these are 0/);
});

test("deferred: a followUp takes the place of thinking, too", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [slash({ name: "a", description: "d", run: async (ctx) => { await ctx.defer(); await ctx.followUp({ content: "one", ephemeral: true }); await ctx.reply("two"); } })] });`);
  const { replies } = await bot.slash("a");
  assert.deepEqual(replies.map((m) => [m.content, m.ephemeral]), [["one", false], ["two", false]]);
});

test("deferred: the reply takes the place of thinking, and stays as visible as it was", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [slash({ name: "a", description: "d", run: async (ctx) => { await ctx.defer({ ephemeral: true }); await ctx.reply("late"); await ctx.deleteReply(); } })] });`);
  const { reply, calls } = await bot.slash("a");
  assert.equal(reply!.ephemeral, true);
  assert.equal(reply!.deleted, true);
  assert.deepEqual(calls.map((c) => c.name), ["deferInteractionResponse", "editOriginalInteractionResponse", "deleteOriginalInteractionResponse"]);
});

test("options are values and objects", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [slash({ name: "a", description: "d", options: [
    { name: "text", description: "d" }, { name: "whole", description: "d", type: "integer" }, { name: "flag", description: "d", type: "boolean" },
    { name: "who", description: "d", type: "user" }, { name: "where", description: "d", type: "channel" }, { name: "role", description: "d", type: "role" },
    { name: "any", description: "d", type: "mentionable" }, { name: "file", description: "d", type: "attachment" },
  ], run: (ctx) => { const o = ctx.options; console.log(JSON.stringify([o.text, o.whole, o.flag, o.who.username, o.who.member.roles.length, o.where.name, o.role.name, o.any.name, o.file.filename, o.missing === undefined])); } })] });`);
  const role = bot.addRole("Mods");
  await bot.slash("a", { text: "t", whole: 5, flag: false, who: bot.addUser("bob", { roles: [role] }), where: bot.channelId, role, any: role, file: { filename: "a.png" } });
  assert.equal(bot.logs[0]!.text, '["t",5,false,"bob",1,"general","Mods","Mods","a.png",true]');
  await assert.rejects(bot.slash("a", { whole: 1.5 }), /must be a whole number/);
  await assert.rejects(bot.slash("a", { nope: 1 }), /has no option "nope"/);
  await assert.rejects(bot.slash("b"), /no slash command "b"; it has: a/);
});

test("subcommands and groups are told and routed", async () => {
  const bot = await createTestBot(`const run = (ctx) => ctx.reply(String([ctx.group, ctx.subcommand, JSON.stringify(ctx.options)]));
  createBot({ slashCommands: [slash({ name: "a", description: "d", run, subcommands: [
    subcommand({ name: "one", description: "d", options: [{ name: "x", description: "d", type: "number" }], run }),
    { name: "g", description: "d", subcommands: [{ name: "two", description: "d", run }, { name: "three", description: "d" }] },
  ] })] });`);
  assert.equal((await bot.slash("a one", { x: 1.5 })).reply!.content, ',one,{"x":1.5}');
  assert.equal((await bot.slash("a g two")).reply!.content, "g,two,{}");
  assert.equal((await bot.slash("a g three")).reply!.content, "g,three,{}");
  await assert.rejects(bot.slash("a"), /needs a subcommand/);
});

test("a handler that fails before it answered is apologised for", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [
    slash({ name: "usual", description: "d", run: () => { throw new Error("no"); } }),
    slash({ name: "own", description: "d", errorReply: "Oops.", run: async () => { throw new Error("no"); } }),
    slash({ name: "silent", description: "d", errorReply: false, run: () => { throw new Error("no"); } }),
    slash({ name: "answered", description: "d", run: async (ctx) => { await ctx.reply("a"); throw new Error("no"); } }),
    slash({ name: "thinking", description: "d", run: async (ctx) => { await ctx.defer(); throw new Error("no"); } }),
    slash({ name: "sub", description: "d", errorReply: "Outer.", subcommands: [{ name: "x", description: "d", errorReply: "Inner.", run() { throw 1; } }, { name: "y", description: "d", run() { throw 1; } }] }),
  ] });
  onComponent("x", () => { throw new Error("no"); });
  on("messageCreate", (ctx) => ctx.reply({ content: "a", components: [actionRow().addComponents(button().setCustomId("x").setLabel("X"))] }));`);
  const after = async (p: Promise<unknown>) => {
    try {
      await p;
    } catch (e) {
      assert.ok(e instanceof HandlerError, `${e}`);
      return (e as HandlerError).outcome.replies;
    }
    throw new Error("it did not fail");
  };
  const [usual] = await after(bot.slash("usual"));
  assert.match(usual!.content, /^Sorry, something went wrong/);
  assert.equal(usual!.ephemeral, true);
  assert.equal((await after(bot.slash("own")))[0]!.content, "Oops.");
  assert.deepEqual(await after(bot.slash("silent")), []);
  assert.deepEqual((await after(bot.slash("answered"))).map((m) => m.content), ["a"]);
  assert.match((await after(bot.slash("thinking")))[0]!.content, /^Sorry/);
  assert.equal((await after(bot.slash("sub x")))[0]!.content, "Inner.");
  assert.equal((await after(bot.slash("sub y")))[0]!.content, "Outer.");
  await bot.say("hi");
  assert.match((await after(bot.click("x")))[0]!.content, /^Sorry/);
});

test("the apology can be turned off for the whole bot", async () => {
  const bot = await createTestBot(`createBot({ errorReply: false, slashCommands: [slash({ name: "a", description: "d", run() { throw new Error("no"); } }), slash({ name: "b", description: "d", errorReply: true, run() { throw new Error("no"); } })] });`);
  await assert.rejects(bot.slash("a"), (e) => e.outcome.replies.length === 0);
  await assert.rejects(bot.slash("b"), (e) => e.outcome.replies.length === 1);
});

test("components: update, deferUpdate, params, selected", async () => {
  const bot = await createTestBot(`
  on("messageCreate", (ctx) => ctx.reply({ content: "m", components: [
    actionRow().addComponents(button().setCustomId("vote:p1:yes").setLabel("Y"), button().setCustomId("exact").setLabel("E"), button().setCustomId("n42").setLabel("N"), button().setCustomId("other").setLabel("O"), button().setCustomId("late").setLabel("L")),
    actionRow().addComponents(stringSelect("colour").addOptions({ label: "Red", value: "r" }, { label: "Blue", value: "b" })),
    actionRow().addComponents(userSelect("who").setMaxValues(2)),
  ] }));
  onComponent("vote:{poll}:{choice}", (ctx) => ctx.update("voted " + ctx.params.choice + " in " + ctx.params.poll));
  onComponent("exact", (ctx) => ctx.edit({ content: "edited" }));
  onComponent(/^n(?<n>\\d+)$/, (ctx) => ctx.reply("number " + ctx.params.n));
  onComponent("colour", (ctx) => ctx.reply(ctx.values.join()));
  onComponent("who", (ctx) => ctx.reply(ctx.selected.map((u) => u.username + u.member.roles.length).join()));
  onComponent("late", async (ctx) => { await ctx.deferUpdate(); await ctx.edit("later"); await ctx.reply("and this"); });
  on("componentInteraction", (ctx) => ctx.customId === "other" ? ctx.reply(ctx.message.content) : undefined);`);
  const { reply: m } = await bot.say("x");
  assert.equal((await bot.click("vote:p1:yes")).message!.content, "voted yes in p1");
  await bot.click("exact");
  assert.equal(m!.content, "edited");
  assert.equal((await bot.click("n42")).reply!.content, "number 42");
  assert.equal((await bot.select("colour", ["b"])).reply!.content, "b");
  await assert.rejects(bot.select("colour", ["x"]), /no value "x"/);
  assert.equal((await bot.select("who", [bot.owner.id, bot.user.id])).reply!.content, "owner0,ada0");
  assert.equal((await bot.click("other")).reply!.content, "edited");
  const late = await bot.click("late");
  assert.equal(late.message!.content, "later");
  assert.equal(late.reply!.content, "and this");
});

test("patterns that are wrong are refused", async () => {
  for (const [code, why] of [
    [`onComponent("", () => {})`, /must not be empty/],
    [`onComponent("a", 1)`, /handler must be a function/],
    [`onComponent(5, () => {})`, /must be a custom id/],
    [`onComponent("a", () => {}); onComponent("a", () => {})`, /"a" has a handler already/],
    [`onModal("a{}", () => {})`, /without a name/],
    [`onModal("a{b", () => {})`, /without an end/],
    [`onModal("{a}{b}", () => {})`, /nothing between/],
  ] as const) {
    await assert.rejects(createTestBot(code), why);
  }
});

test("parameters match as told", async () => {
  const bot = await createTestBot(`createBot({ errorReply: false }); onComponent("a:{x}:b", (ctx) => ctx.reply("1" + ctx.params.x)); onComponent("a:{x}", (ctx) => ctx.reply("2" + ctx.params.x)); onComponent("{all}", (ctx) => ctx.reply("3" + ctx.params.all));`);
  const press = async (id: string) => (await bot.emit("componentInteraction", { interactionId: "1", interactionToken: "t", channelId: bot.channelId, data: { custom_id: id } }).catch(() => undefined), bot.calls("sendInteractionResponse").at(-1)!.args.content);
  assert.equal(await press("a:1:b"), "11");
  assert.equal(await press("a:1:2:b"), "11:2");
  assert.equal(await press("a:1:c"), "21:c");
  assert.equal(await press("a:"), "3a:");
});

test("modals: fields by name", async () => {
  const bot = await createTestBot(`
  createBot({ slashCommands: [slash({ name: "ask", description: "d", run: (ctx) => ctx.showModal({ custom_id: "form:7", title: "T", components: [
    label("Text").setComponent(inputText("text").setStyle(InputTextStyle.Paragraph).setMaxLength(10)),
    label("Colour").setComponent(stringSelect("colour").addOptions({ label: "Red", value: "r" })),
    label("Who").setComponent(userSelect("who")),
    actionRow().addComponents(inputText("old").setRequired(false)),
  ] }) })] });
  onModal("form:{n}", (ctx) => ctx.reply(ctx.params.n + JSON.stringify([ctx.fields.text, ctx.fields.colour, ctx.fields.who[0].username, ctx.fields.old])));`);
  const { modal, answered } = await bot.slash("ask");
  assert.equal(modal.title, "T");
  assert.equal(answered, true);
  await assert.rejects(bot.submit("form:8"), /but "form:7" is/);
  await assert.rejects(bot.submit("form:7", { text: "12345678901" }), /takes from 0 to 10/);
  assert.equal((await bot.submit("form:7", { text: "hi", colour: ["r"], who: [bot.owner.id] })).reply!.content, '7["hi",["r"],"owner",""]');
  await assert.rejects(bot.submit("form:7"), /no modal/);
});

test("context menus have a target", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [
    slash({ name: "Look", type: "user", run: (ctx) => ctx.reply(ctx.target.username + " " + ctx.target.member.roles.length) }),
    slash({ name: "Look", type: "message", run: (ctx) => ctx.reply("> " + ctx.target.content) }),
  ] });`);
  assert.equal((await bot.menu("Look", bot.owner)).reply!.content, "owner 0");
  const { said } = await bot.say("words");
  assert.equal((await bot.menu("Look", said)).reply!.content, "> words");
});

test("options complete themselves", async () => {
  const bot = await createTestBot(`createBot({ slashCommands: [slash({ name: "a", description: "d", subcommands: [subcommand({ name: "s", description: "d", options: [
    { name: "lang", description: "d", autocomplete: async (ctx) => ["go", "rust", "gleam"].filter((l) => l.startsWith(ctx.focused.value)) },
    { name: "n", description: "d", type: "integer", autocomplete: (ctx) => [{ name: "one " + ctx.options.lang, value: 1 }, 2] },
    { name: "raw", description: "d", autocomplete: true },
  ] })] })] });
  on("autocomplete", (ctx) => ctx.focused.name === "raw" && ctx.respond(Array.from({ length: 30 }, (_, i) => "x".repeat(120) + i)));`);
  assert.equal(bot.commands[0].options[0].options[0].autocomplete, true);
  assert.deepEqual(await bot.complete("a s", "lang", "g"), [{ name: "go", value: "go" }, { name: "gleam", value: "gleam" }]);
  assert.deepEqual(await bot.complete("a s", "n", "", { lang: "go" }), [{ name: "one go", value: 1 }, { name: "2", value: 2 }]);
  const many = await bot.complete("a s", "raw", "");
  assert.equal(many.length, 25);
  assert.equal(many[0].name.length, 100);
});

test("messages: reply, send, react, edit, delete", async () => {
  const bot = await createTestBot(`on("messageCreate", async (ctx) => {
    console.log(ctx.author.username, ctx.member.nick, ctx.channelId === ctx.msg.channelId);
    const sent = await ctx.reply("r");
    await ctx.send({ content: "s", embeds: [embed().setTitle("t")] });
    await ctx.react("👍");
    await ctx.typing();
    await rest.editMessage({ channelId: ctx.channelId, messageId: sent.id, content: "r2" });
    await ctx.deleteMessage("spam");
  });`);
  const { replies, said, calls } = await bot.say("x", { user: bot.addUser("bob", { nick: "Bobby" }) });
  assert.deepEqual(replies.map((m) => [m.content, m.replyTo]), [["r2", said.id], ["s", null]]);
  assert.deepEqual(said.reactions, ["👍"]);
  assert.equal(said.deleted, true);
  assert.equal(calls.at(-1)!.args.reason, "spam");
  assert.equal(bot.logs[0]!.text, "bob Bobby true");
});

test("what has no channel or message says so", async () => {
  const bot = await createTestBot(`on("guildMemberAdd", async (ctx) => { for (const f of ["send", "typing", "react", "deleteMessage", "reply"]) await ctx[f]("x").catch((e) => console.log(e.message)); });`);
  await bot.join("carl");
  assert.deepEqual(bot.logs.map((l) => l.text.slice(0, 40)), [
    "send: the event guildMemberAdd has no ch", "typing: the event guildMemberAdd has no ", "react: this event has no message; use re", "deleteMessage: this event has no message", "reply: the event guildMemberAdd has no c",
  ]);
});

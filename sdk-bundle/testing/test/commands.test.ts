import assert from "node:assert/strict";
import test from "node:test";
import { createTestBot } from "@flora/sdk/testing";

const said = async (bot: any, text: string, o = {}) => (await bot.say(text, o)).reply?.content;

test("words as they were typed", async () => {
  const bot = await createTestBot(`createBot({ commands: [prefix({ name: "echo", run: (ctx) => ctx.reply(JSON.stringify(ctx.args)) })] });`);
  assert.equal(await said(bot, '! echo  "a b"  c'), '["\\"a","b\\"","c"]');
  assert.equal(await said(bot, "!Echo"), undefined);
  assert.equal(await said(bot, "!echo", { user: bot.addUser("robot", { bot: true }) }), undefined);
});

test("several prefixes, a mention, aliases", async () => {
  const bot = await createTestBot(`createBot({ prefix: ["!", "!!", "flora "], mentionPrefix: true, commands: [prefix({ name: "ping", aliases: ["p", "pong"], run: (ctx) => ctx.reply("yes") }), prefix({ name: "p", run: (ctx) => ctx.reply("no") })] });`);
  for (const text of ["!ping", "!!ping", "flora pong", `<@${bot.applicationId}> ping`, `<@!${bot.applicationId}>ping`]) assert.equal(await said(bot, text), "yes", text);
  assert.equal(await said(bot, "!p"), "no");
  assert.equal(await said(bot, "?ping"), undefined);
});

const typed = `createBot({ commands: [prefix({
  name: "t", args: [
    { name: "text" }, { name: "whole", type: "integer", min: 1, max: 10 }, { name: "loud", type: "boolean", required: false }, { name: "time", type: "duration", default: 60000 }, { name: "why", type: "rest", required: false },
  ], run: (ctx) => ctx.reply(JSON.stringify(ctx.options)),
})] });`;

test("arguments are read by their types", async () => {
  const bot = await createTestBot(typed);
  assert.equal(await said(bot, '!t "two words" 5 yes 1h30m and the rest'), '{"text":"two words","whole":5,"loud":true,"time":5400000,"why":"and the rest"}');
  assert.equal(await said(bot, "!t x 5"), '{"text":"x","whole":5,"time":60000}');
  assert.equal(await said(bot, "!t x 5 spamming again"), '{"text":"x","whole":5,"time":60000,"why":"spamming again"}');
  assert.equal(await said(bot, '!t "a \\"quote\\"" 5 off'), '{"text":"a \\"quote\\"","whole":5,"loud":false,"time":60000}');
  assert.equal(await said(bot, '!t "open 5'), '{"text":"\\"open","whole":5,"time":60000}');
});

test("a wrong argument is told with the usage", async () => {
  const bot = await createTestBot(typed);
  const usage = " Usage: `!t <text> <whole> [loud] [time] [why...]`";
  assert.equal(await said(bot, "!t"), "text is missing." + usage);
  assert.equal(await said(bot, "!t x"), "whole is missing." + usage);
  assert.equal(await said(bot, "!t x five"), 'whole: "five" is no whole number.' + usage);
  assert.equal(await said(bot, "!t x 1.5"), 'whole: "1.5" is no whole number.' + usage);
  assert.equal(await said(bot, "!t x 11"), 'whole: "11" is more than 10.' + usage);
  assert.deepEqual(bot.calls("sendMessage").at(-1)!.args.allowedMentions, { parse: [], repliedUser: true });
});

test("users, channels and roles", async () => {
  const bot = await createTestBot(`createBot({ commands: [
    prefix({ name: "u", args: [{ name: "who", type: "user" }], run: (ctx) => ctx.reply(ctx.options.who.username + " " + ctx.options.who.member.roles.length + " " + ctx.options.who.member.joinedAt.slice(0, 4)) }),
    prefix({ name: "c", args: [{ name: "where", type: "channel" }], run: (ctx) => ctx.reply(ctx.options.where.name + ctx.options.where.parentId) }),
    prefix({ name: "r", args: [{ name: "role", type: "role" }], run: (ctx) => ctx.reply(ctx.options.role.id) }),
    prefix({ name: "choose", args: [{ name: "what", choices: ["a", "b"] }], run: (ctx) => ctx.reply(ctx.options.what) }),
  ] });`);
  const role = bot.addRole("Big Mods");
  const bob = bot.addUser("bob", { roles: [role] });
  assert.equal(await said(bot, `!u <@${bob.id}>`), "bob 1 2026");
  assert.equal(bot.calls("fetchMember").length, 0, "a mention brings its member");
  assert.equal(await said(bot, `!u ${bob.id}`), "bob 1 2026");
  assert.match(await said(bot, "!u <@1000000000000000009>"), /is no member of this server/);
  assert.match(await said(bot, "!u bob"), /"bob" is no member/);
  assert.equal(await said(bot, `!c <#${bot.channelId}>`), "generalnull");
  assert.match(await said(bot, "!c 1000000000000000009"), /is no channel/);
  assert.equal(await said(bot, `!r <@&${role}>`), role);
  assert.equal(await said(bot, '!r "big mods"'), role);
  assert.match(await said(bot, "!r nope"), /is no role/);
  assert.equal(await said(bot, "!choose b"), "b");
  assert.match(await said(bot, "!choose c"), /"c" is none of: a, b/);
  bot.answer("fetchRoles", () => { throw Object.assign(new Error("down"), { code: "DISCORD_HTTP_ERROR", status: 500 }); });
  await assert.rejects(bot.say(`!r ${role}`), /down/);
});

test("cooldowns", async () => {
  const bot = await createTestBot(`createBot({ commands: [
    prefix({ name: "a", cooldown: 5, run: (ctx) => ctx.reply("a") }),
    prefix({ name: "b", cooldown: { seconds: 60, per: "guild", uses: 2 }, run: (ctx) => ctx.reply("b") }),
  ], slashCommands: [slash({ name: "s", description: "d", cooldown: 5, run: (ctx) => ctx.reply("s") })] });`);
  assert.equal(await said(bot, "!a"), "a");
  assert.equal(await said(bot, "!a"), "Please wait 5s before you use this again.");
  assert.equal(await said(bot, "!a"), undefined, "it is said once");
  assert.equal(await said(bot, "!a", { user: bot.owner }), "a", "others do not wait");
  await bot.advance(5000);
  assert.equal(await said(bot, "!a"), "a");
  assert.equal(await said(bot, "!b"), "b");
  assert.equal(await said(bot, "!b", { user: bot.owner }), "b");
  assert.equal(await said(bot, "!b"), "Please wait 1m before you use this again.");
  assert.equal((await bot.slash("s")).reply!.content, "s");
  const { reply } = await bot.slash("s");
  assert.match(reply!.content, /^Please wait/);
  assert.equal(reply!.ephemeral, true);
});

test("permissions and roles", async () => {
  const bot = await createTestBot(`createBot({ commands: [
    prefix({ name: "ban", permissions: ["BanMembers"], cooldown: 1, run: (ctx) => ctx.reply("banned") }),
    prefix({ name: "vip", roles: ["77"], guildOnly: true, run: (ctx) => ctx.reply("vip") }),
  ], slashCommands: [slash({ name: "s", description: "d", permissions: ["BanMembers", "KickMembers"] }), slash({ name: "h", description: "d", defaultMemberPermissions: "0" })] });`);
  assert.equal(await said(bot, "!ban"), "You need the permission BanMembers for this.");
  assert.equal(await said(bot, "!ban", { user: bot.owner }), "banned");
  assert.equal(await said(bot, "!ban", { user: bot.addUser("mod", { permissions: 4n }) }), "You need the permission BanMembers for this.", "what is known is half a minute old at most");
  await bot.advance(30_000);
  assert.equal(await said(bot, "!ban", { user: "mod" }), "banned");
  assert.equal(await said(bot, "!ban", { user: bot.addUser("admin", { permissions: 8n }) }), "You need the permission BanMembers for this.");
  await bot.advance(30_000);
  assert.equal(await said(bot, "!ban", { user: "admin" }), "banned", "administrators may do everything");
  assert.equal(await said(bot, "!vip"), "You do not have a role that may use this.");
  assert.equal(await said(bot, "!vip", { user: bot.addUser("v", { roles: ["77"] }) }), "vip");
  assert.deepEqual(bot.commands.map((c) => c.defaultMemberPermissions), ["6", "0"]);
});

test("the help command", async () => {
  const bot = await createTestBot(`createBot({ prefix: "?", help: true, commands: [
    prefix({ name: "ban", aliases: ["b"], description: "Bans somebody", args: [{ name: "who", type: "user", description: "Whom" }, { name: "why", type: "rest", required: false }], run() {} }),
    prefix({ name: "secret", hidden: true, run() {} }),
  ] });`);
  const [all] = (await bot.say("?help")).reply!.embeds;
  assert.deepEqual(all.fields.map((f: any) => f.name), ["?ban <who> [why...]", "?help [command]"]);
  const [one] = (await bot.say("?help b")).reply!.embeds;
  assert.equal(one.title, "?ban <who> [why...]");
  assert.deepEqual(one.fields.map((f: any) => f.value), ["Whom", "rest", "b"]);
  assert.equal(await said(bot, "?help nope"), 'There is no command "nope".');
});

test("the help shows the first prefix", async () => {
  const names = async (bot: any, text: string) => (await bot.say(text)).reply!.embeds[0].fields.map((f: any) => f.name);
  const several = await createTestBot(`createBot({ prefix: ["!", "?", "flora "], mentionPrefix: true, help: true });`);
  assert.deepEqual(await names(several, "?help"), ["!help [command]"]);
  const mentioned = await createTestBot(`createBot({ prefix: [], mentionPrefix: true, help: true });`);
  assert.deepEqual(await names(mentioned, `<@${mentioned.applicationId}> help`), [`<@${mentioned.applicationId}> help [command]`]);
});

test("mistakes in declarations are found when the script loads", async () => {
  for (const [code, why] of [
    [`createBot({ prefix: [] })`, /prefix must not be an empty array/],
    [`createBot({ commands: [{ name: "a", aliases: "b", run() {} }] })`, /aliases must be an array/],
    [`createBot({ commands: [{ name: "a", args: {}, run() {} }] })`, /args must be an array/],
    [`createBot({ commands: [{ name: "a", args: [{ type: "string" }], run() {} }] })`, /must be an object with a name/],
    [`createBot({ commands: [{ name: "a", args: [{ name: "x", type: "text" }], run() {} }] })`, /the argument x has the type text/],
    [`createBot({ commands: [{ name: "a", args: [{ name: "x", type: "rest" }, { name: "y" }], run() {} }] })`, /must be the last/],
    [`createBot({ commands: [{ name: "a", cooldown: -1, run() {} }] })`, /cooldown must be a number of seconds/],
    [`createBot({ commands: [{ name: "a", cooldown: { seconds: 1, per: "x" }, run() {} }] })`, /cooldown.per/],
    [`createBot({ commands: [{ name: "a", permissions: "Fly", run() {} }] })`, /there is no permission Fly/],
    [`createBot({ commands: [{ name: "a", roles: "1", run() {} }] })`, /roles must be an array/],
    [`createBot({ slashCommands: [{ name: "a", description: "d", permissions: ["Fly"] }] })`, /there is no permission Fly/],
    [`createBot({ slashCommands: [{ name: "a", description: "d", errorReply: 5 }] })`, /errorReply must be/],
    [`parseDuration(5)`, /text must be a string/],
  ] as const) {
    await assert.rejects(createTestBot(code), why);
  }
});

test("spans of time", async () => {
  const bot = await createTestBot(`
  console.log(JSON.stringify(["90s", "1h30m", "2 days", "1.5h", "1d, 2h", "5ms", "3 WEEKS", "5", "", "x", "5 parsecs", "h", "1..5s"].map((t) => parseDuration(t) ?? null)));
  console.log(JSON.stringify([0, 1, 999, 90000, 3600000, 93784000, -5000].map(formatDuration)));`);
  assert.equal(bot.logs[0]!.text, "[90000,5400000,172800000,5400000,93600000,5,1814400000,null,null,null,null,null,null]");
  assert.equal(bot.logs[1]!.text, '["0s","0s","1s","1m 30s","1h","1d 2h 3m 4s","-5s"]');
});

// This file runs in isolates and in Node alike.
import { afterEach, assert, assertEquals, assertMatch, assertObjectMatch, assertRejects, assertThrows, AssertionError, beforeEach, createTestBot, describe, HandlerError, it, test } from "@flora/sdk/testing";

const file = { file: "bot.js" };

test("commands, and what Discord refuses", async () => {
  const bot = await createTestBot(file);
  assertEquals((await bot.say("!ping")).reply.content, "pong!");
  assertEquals((await bot.slash("pick", { colour: "red" })).reply.content, "red");
  await assertRejects(() => bot.slash("pick", { colour: "blue" }));
  await assertRejects(() => bot.slash("pick", {}));
  await assertRejects(() => bot.slash("nope"));
  assertEquals(bot.commands.map((c) => c.name).sort(), ["ask", "ban", "buttons", "fail", "fetch", "pick", "slow"]);
  assertEquals(bot.crons, { tidy: { expr: "@daily", skipIfRunning: false } });
});

test("components and modals", async () => {
  const bot = await createTestBot(file);
  const { reply } = await bot.slash("buttons");
  const eve = bot.addUser("eve");
  const { message, answered } = await bot.click("press:1", { user: eve });
  assertEquals(answered, true);
  assertEquals(message, reply);
  assertEquals(reply.content, "pressed 1 by eve");
  await assertRejects(() => bot.click("press:1"));
  assertEquals((await bot.slash("ask")).modal.title, "Form");
  const form = await bot.submit("form", { what: "x" });
  assertObjectMatch(form.reply, { content: "x", ephemeral: true });
});

test("the clock", async () => {
  const bot = await createTestBot(file, { now: Date.UTC(2030, 0, 1) });
  assertEquals(bot.now, Date.UTC(2030, 0, 1));
  const pending = bot.slash("slow");
  await bot.advance(5000);
  assertEquals((await pending).reply.content, "done at 2030-01-01T00:00:05.000Z");
});

test("people, reactions, other events, cron jobs", async () => {
  const bot = await createTestBot(file);
  const { user } = await bot.join("zoe");
  assertEquals(bot.kv.store("seen").entries(), { [user.id]: "zoe" });
  await bot.leave(user);
  await bot.fire("tidy");
  assertEquals(bot.kv.store("seen").get(user.id), undefined);
  const { said } = await bot.say("hi");
  assertEquals((await bot.react("\u{1F44D}", said)).logs.map((l) => l.text), ["\u{1F44D}"]);
  assertEquals((await bot.emit("custom", { x: 5 })).logs, [{ level: "info", text: "custom 5" }]);
  bot.kv.store("seen").set("a", "b");
  assertEquals(bot.kv.store("seen").delete("a"), true);
  assertEquals(bot.kv.store("seen").delete("a"), false);
});

test("answers in another's place", async () => {
  const bot = await createTestBot(file, { secrets: { KEY: "k1" } });
  let asked;
  bot.onFetch((request) => {
    asked = request;
    return { status: 201, json: { answer: 42 } };
  });
  assertEquals((await bot.slash("fetch")).reply.content, "201 42");
  assertObjectMatch(asked, { url: "https://api.example/x?k=k1", method: "POST", text: "sent" });

  const bob = bot.addUser("bob");
  const { calls, reply } = await bot.slash("ban", { who: bob });
  assertEquals(reply.content, "banned");
  assertEquals(calls[0].name, "banMember");
  assertObjectMatch(calls[0].args, { userId: bob.id, reason: "r" });
  assertEquals(bot.calls("banMember").length, 1);
  bot.answer("banMember", () => {
    throw Object.assign(new Error("no"), { code: "X", status: 403 });
  });
  assertEquals((await bot.slash("ban", { who: bot.owner })).reply.content, "X 403 no");
});

test("a handler that fails", async () => {
  const bot = await createTestBot(file);
  const e = await assertRejects(() => bot.slash("fail"), HandlerError, "TypeError: on purpose");
  assertEquals(e.outcome.reply.content, "Oops.");
  await assertRejects(() => createTestBot("throw new Error(\"top\")"), Error, "the script does not load: Error: top");
});

describe("hooks", () => {
  let n = 0;
  beforeEach(() => {
    n++;
  });
  afterEach(() => {
    n += 10;
  });
  it("run before", () => assertEquals(n, 1));
  it("and after", () => assertEquals(n, 12));
  it.skip("but not for what is skipped", () => assert(false));
});

test("steps", async (t) => {
  assertEquals(await t.step("one", () => {}), true);
});

test("assertions", async () => {
  const diff = assertThrows(() => assertEquals({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }), AssertionError).diff;
  assertMatch(diff, /^- +b: 2,$/m);
  assertMatch(diff, /^\+ +b: 3,$/m);
  assertEquals(new Map([["a", new Set([1])]]), new Map([["a", new Set([1])]]));
  assertThrows(() => assertEquals(new Date(1), new Date(2)));
  assertThrows(() => assertEquals([1, 2], [1]));
  await assertRejects(() => assertRejects(() => {}), AssertionError, "it gave no promise");
  await assertRejects(() => assertRejects(async () => {}), AssertionError, "it did not reject");
  const loop = {};
  loop.self = loop;
  assertEquals(loop, loop);
});

test("requests to the bot's own endpoint", async () => {
  const bot = await createTestBot(`
    Deno.serve(async (req, info) => {
      const url = new URL(req.url);
      if (url.pathname === "/boom") throw new Error("boom");
      if (url.pathname === "/none") return new Response(null, { status: 204 });
      if (url.pathname === "/stream") return new Response(ReadableStream.from([new Uint8Array([1, 2]), new Uint8Array([255])]), { headers: { "content-type": "x/y" } });
      return Response.json({ url: req.url, method: req.method, body: await req.text(), a: req.headers.get("x-a"), from: info.remoteAddr.hostname, at: flora.endpoint });
    });
  `);
  const at = `https://bot.test/g/${bot.guildId}/`;
  const answer = await bot.fetch("/hook?x=1", { method: "POST", body: "héllo", headers: { "x-a": "1" } });
  assertEquals(answer.status, 200);
  assertEquals(await answer.json(), { url: "https://bot.test/hook?x=1", method: "POST", body: "héllo", a: "1", from: "127.0.0.1", at });
  assertEquals((await (await bot.fetch(new Request(at + "deep/er"))).json()).url, "https://bot.test/deep/er");
  const stream = await bot.fetch("/stream");
  assertEquals([stream.headers.get("content-type"), ...new Uint8Array(await stream.arrayBuffer())], ["x/y", 1, 2, 255]);
  assertEquals((await bot.fetch("/none")).status, 204);
  await assertRejects(() => bot.fetch("/boom"), HandlerError, "boom");
  await assertRejects(() => bot.fetch("https://example.com/"));
  const none = await createTestBot("console.log(1)");
  await assertRejects(() => none.fetch("/"));
});

test("cron jobs of Deno's form", async () => {
  const bot = await createTestBot(`
    const stop = new AbortController();
    Deno.cron("nightly report", { hour: 4 }, () => console.log("reported"));
    Deno.cron("ends", "* * * * *", { signal: stop.signal }, () => {});
    on("messageCreate", () => stop.abort());
  `);
  assertEquals(bot.crons["nightly report"], { expr: "0 4 * * *", skipIfRunning: true });
  assertEquals((await bot.fire("nightly report")).logs.map((l) => l.text), ["reported"]);
  await bot.say("stop");
  assertEquals(Object.keys(bot.crons), ["nightly report"]);
});

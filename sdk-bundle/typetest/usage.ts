// How scripts use the declarations; a line that must not compile says so.
export {};

on("messageCreate", async (ctx) => {
  const { reply, edit, msg } = ctx;
  const sent = await reply({ content: msg.content, replyTo: null, embeds: [embed().setTitle("t"), { title: "raw" }], flags: MessageFlags.SUPPRESS_EMBEDS });
  const id: string = sent.id;
  await edit("x");
  // @ts-expect-error A message has no options.
  ctx.options;
  // @ts-expect-error Content is a text.
  await reply({ content: 5 });
  // @ts-expect-error Not a text.
  const author: number = msg.author.username;
  return [id, author];
});

on("interactionCreate", async (ctx) => {
  await ctx.defer({ ephemeral: true });
  await ctx.edit({ content: ctx.msg.commandName, components: [actionRow().addComponents(button().setCustomId("a").setLabel("A"))] });
  await ctx.followUp({ content: "more", ephemeral: true });
  await ctx.showModal({ customId: "m", title: "T", components: [label("L").setComponent(inputText("t").setStyle(InputTextStyle.Paragraph))] });
  const permissions: string | null | undefined = ctx.msg.member?.permissions;
  return permissions;
});

on("componentInteraction", async (ctx) => {
  await ctx.deferUpdate();
  await ctx.update({ components: [], flags: 64n });
  const values: string[] | null = ctx.msg.data.values;
  return values;
});
on("modalSubmit", (ctx) => ctx.reply(ctx.msg.data.custom_id));
on("reactionAdd", (ctx) => console.log(ctx.msg.emoji.name, ctx.msg.burst));
on("guildMemberAdd", (ctx) => {
  const joined: string | null = ctx.msg.joinedAt;
  // @ts-expect-error A member has no such field.
  console.log(ctx.msg.anything, joined);
});
on("aNameOfTheFuture", (ctx) => console.log(ctx.msg.anything));
// @ts-expect-error The handler is missing.
on("ready");

cron("tick", "*/5 * * * *", (ctx) => console.log(ctx.name, ctx.scheduledAt, ctx.msg.name), { skipIfRunning: true });

const ban = slash({
  name: "mod",
  description: "d",
  defaultMemberPermissions: 4n,
  subcommands: [
    { name: "user", description: "d", subcommands: [{ name: "ban", description: "d", options: [{ name: "who", description: "d", type: "user", required: true }], run: (ctx) => ctx.reply(`${ctx.options.who}`) }] },
  ],
});
createBot({ prefix: "?", commands: [prefix({ name: "ping", run: (ctx) => ctx.reply(ctx.args.join(" ")) })], slashCommands: [ban, { name: "Report", type: "message", run() {} }] });
// @ts-expect-error No such option type.
slash({ name: "a", description: "d", options: [{ name: "o", description: "d", type: "text" }] });
// @ts-expect-error A prefix command needs run.
prefix({ name: "a" });

const shop: KvStore = kv.store("shop");
const page = await shop.list({ prefix: "a", limit: 10 });
for (const k of page.keys) console.log(k.name, k.expiration);
await shop.set("k", "v", { ttl: 60, metadata: { by: ["me", 1, null] } });
const found = await shop.getWithMetadata("k");
const value: string | null = found.value;
const { version }: { version: number } = await shop.set("k", "v", { ifVersion: found.version, ifAbsent: false });
await shop.setMany([{ key: "a", value: "1", ttl: 5 }, { key: "b", value: "2" }]);
await shop.batch({ set: [{ key: "a", value: "1" }], delete: ["b", { key: "c", ifVersion: version }] });
const [first] = await shop.getMany(["a", "b"]);
const many: string | null | undefined = first?.value;
const sum: number = await shop.increment("n", -1, { start: 10, ttl: 60 });
await shop.deleteMany([many ?? "x", "y"]);
await shop.delete(`${sum}`, { ifVersion: 3 });
// @ts-expect-error A value is missing.
await shop.setMany([{ key: "a" }]);
// @ts-expect-error Values are texts.
await shop.set("k", { a: 1 });

await rest.banMember({ userId: "1", deleteMessageSeconds: 60, reason: "spam" });
const messages = await rest.fetchMessages({ channelId: "1", limit: 5 });
console.log(messages[0]?.content, value, flora.guildId, flora.rest === rest);
// @ts-expect-error channelId is missing.
await rest.sendMessage({ content: "x" });
await rest.sendMessage({ channelId: "1", attachments: [{ url: "https://example.com/a.png" }, { Base64: { data: "aGk=", filename: "a.txt" } }] });

const builder: EmbedBuilder = new EmbedBuilder({ title: "t" }).addField("a", "b", true).addFields({ name: "c", value: "d" }).setTimestamp();
const json: flora.Embed = builder.toJSON();
const menu: StringSelectMenuBuilder = stringSelect("s").setPlaceholder("p").addOptions({ label: "l", value: "v" });
console.table([json, menu.toJSON()], ["title"]);

await new Promise((resolve) => setTimeout(resolve, 1));
const timer: number = setTimeout((a: string, b: number) => console.log(a, b), 100, "a", 1);
clearTimeout(timer);
// @ts-expect-error The callback takes a number.
setTimeout((n: number) => n, 100, "text");
fetch("https://example.com").catch((e: flora.FloraError) => console.error(e.code));

// Options and arguments have the types that were declared.
const typed = slash({
  name: "typed",
  description: "d",
  permissions: ["BanMembers", "KickMembers"],
  cooldown: { seconds: 5, per: "channel" },
  options: [
    { name: "who", description: "d", type: "user", required: true },
    { name: "days", description: "d", type: "integer", choices: [{ name: "one", value: 1 }, { name: "two", value: 2 }] },
    { name: "note", description: "d", autocomplete: async (c) => [`${c.focused.value}`, { name: "n", value: "v" }] },
  ],
  run: async (ctx) => {
    const id: string = ctx.options.who.id;
    const roles: string[] | undefined = ctx.options.who.member?.roles;
    const days: 1 | 2 | undefined = ctx.options.days;
    const note: string | undefined = ctx.options.note;
    // @ts-expect-error It may be left out.
    const always: string = ctx.options.note;
    // @ts-expect-error There is no such option.
    ctx.options.nope;
    await ctx.deleteReply();
    return [id, roles, days, note, always];
  },
});
const group = slash({
  name: "group",
  description: "d",
  subcommands: [
    subcommand({ name: "one", description: "d", options: [{ name: "amount", description: "d", type: "number", required: true }], run: (ctx) => ctx.reply(ctx.options.amount.toFixed(2)) }),
    { name: "two", description: "d", errorReply: "Oh.", run: (ctx) => ctx.reply(`${ctx.options.anything} ${ctx.subcommand}`) },
  ],
});
const onUser = slash({ name: "Who", type: "user", run: (ctx) => ctx.reply(ctx.target.username) });
const onMessage = slash({ name: "Quote", type: "message", run: (ctx) => ctx.reply(ctx.target.content) });
const spoken = prefix({
  name: "mute",
  aliases: ["m"],
  permissions: "ModerateMembers",
  cooldown: 3,
  args: [
    { name: "who", type: "user" },
    { name: "time", type: "duration", default: 60_000 },
    { name: "loud", type: "boolean", required: false },
    { name: "why", type: "rest", required: false },
  ],
  run: (ctx) => {
    const time: number = ctx.options.time;
    const loud: boolean | undefined = ctx.options.loud;
    // @ts-expect-error It may be left out.
    const why: string = ctx.options.why;
    // @ts-expect-error There is no such argument.
    ctx.options.nope;
    return ctx.reply(`${ctx.options.who.username} ${time} ${loud} ${why} ${ctx.author.username}`);
  },
});
createBot({ prefix: ["!", "?"], mentionPrefix: true, help: true, errorReply: false, commands: [spoken, helpCommand({ name: "hilfe" })], slashCommands: [typed, group, onUser, onMessage] });

onComponent("vote:{poll}:{choice}", (ctx) => {
  const { poll, choice } = ctx.params;
  // @ts-expect-error The pattern has no such name.
  ctx.params.nope;
  return ctx.update(`${poll} ${choice} ${ctx.values.length} ${ctx.message.id}`);
});
onComponent(/^x(?<n>\d+)$/, (ctx) => ctx.reply(ctx.params.n ?? ""));
onModal("feedback", (ctx) => ctx.reply(ctx.fields.text));
on("messageCreate", async (ctx) => {
  await ctx.react("👍");
  await ctx.typing();
  await ctx.send("hi");
  await ctx.deleteMessage("spam");
});
const bits: bigint = PermissionFlags.BanMembers | PermissionFlags.KickMembers;
console.log(bits, parseDuration("5m"), formatDuration(1000));

// Commands need no function around them; only the options' types are known less well then.
const inline = () =>
  createBot({
    commands: [{ name: "a", args: [{ name: "x" }], run: (ctx) => ctx.reply(`${ctx.args.length} ${ctx.options.x}`) }],
    slashCommands: [
      { name: "b", description: "d", options: [{ name: "o", description: "d" }], run: (ctx) => ctx.reply(`${ctx.options.o} ${ctx.subcommand}`) },
      { name: "Who", type: "user", run: (ctx) => ctx.reply(ctx.target.username) },
      { name: "Quote", type: "message", run: (ctx) => ctx.reply(ctx.target.content) },
      { name: "c", description: "d", subcommands: [{ name: "s", description: "d", options: [{ name: "n", description: "d", type: "integer" }], run: (ctx) => ctx.reply(`${ctx.options.n}`) }] },
    ],
  });
console.log(inline.length);

// Bigints are ids and numbers, too.
on("guildMemberUpdate", async (ctx) => {
  const roles: string[] = ctx.msg.roles;
  await rest.banMember({ userId: BigInt(ctx.msg.user.id), deleteMessageSeconds: 60n });
  await rest.sendMessage({ channelId: 5n, replyTo: 6n, content: `${roles.length}` });
  await rest.bulkDeleteMessages({ channelId: 5n, messageIds: [6n, "7"] });
});

// Deno's namespace.
console.dir({ a: 1 }, { depth: null, colors: true });
console.log(Deno.inspect(1, { sorted: true, compact: 1 }).length, Deno.version.deno, Deno.build.os === "linux", import.meta.url, import.meta.resolve("./x"));
const permitted: Promise<Deno.PermissionStatus> = Deno.permissions.query({ name: "net", host: "example.com:443" });
// @ts-expect-error There is no such permission.
Deno.permissions.querySync({ name: "everything" });
// @ts-expect-error There are no files.
Deno.readTextFile("x");
const notFound: Error = new Deno.errors.NotFound("no", { cause: 1 });
console.log(permitted, notFound instanceof Deno.errors.NotCapable);
// The database, as Deno's own types have it.
interface User {
  id: string;
  email: string;
}
const db = await Deno.openKv();
async function insertUser(user: User): Promise<string> {
  const primary = ["users", user.id] as const;
  const res = await db.atomic().check({ key: primary, versionstamp: null }).set(primary, user).enqueue(user, { delay: 1000, backoffSchedule: [1], keysIfUndelivered: [["dead", user.id]] }).sum(["n"], 1n).commit();
  // @ts-expect-error It may not be ok.
  console.log(res.versionstamp);
  return res.ok ? res.versionstamp : "";
}
const one: User | null = (await db.get<User>(["users", "1"], { consistency: "eventual" })).value;
const [two, three] = await db.getMany<[User, number]>([["users", "1"], ["n", 1n, true, new Uint8Array(1)]]);
const name: string | undefined = two.value?.email;
const count: number | null = three.value;
for await (const entry of db.list<User>({ prefix: ["users"] }, { limit: 10, reverse: true, batchSize: 5 })) console.log(entry.key, entry.value.email, entry.versionstamp);
const cursor: string = db.list({ start: ["a"], end: ["b"] }).cursor;
for await (const [entry] of db.watch<[User]>([["users", "1"]])) console.log(entry.value?.email);
const read: Promise<unknown> = db.watch([["a"]]).getReader().read();
await db.set(["log", db.commitVersionstamp()], one, { expireIn: 1000 });
// @ts-expect-error A key is a list.
await db.get("users");
// @ts-expect-error Only numbers of 64 bits are summed.
db.atomic().mutate({ type: "sum", key: ["a"], value: 1 });
// @ts-expect-error It is made with openKv.
new Deno.Kv();
db.listenQueue((value) => console.log(value));
{
  using other = await Deno.openKv("other");
  console.log(new Deno.KvU64(1n).value, other);
}
const id: string = await schedule(new Date(), "remind", { text: "tea" });
schedule.on<{ text: string }>("remind", ({ data, at, attempt }) => console.log(data.text, at.getTime(), attempt));
const gone: boolean = await flora.schedule.cancel(id);
// @ts-expect-error A moment is a Date or a number.
await schedule("tomorrow", "remind");
console.log(insertUser, name, count, cursor, read, gone);

// WebSocket and EventSource, as the web's own types have them.
const ws: WebSocket = new WebSocket(new URL("wss://example.com"), ["one", "two"]);
ws.binaryType = "arraybuffer";
ws.onmessage = ({ data, origin }) => console.log(data, origin);
ws.addEventListener("close", ({ code, reason, wasClean }) => console.log(code + 1, reason.length, wasClean));
ws.addEventListener("error", ({ message }) => ws.send(message));
ws.send(new Uint8Array(1));
ws.send(new Blob(["x"]));
ws.close(3000, "done");
// @ts-expect-error It is one of two.
ws.binaryType = "nodebuffer";
// @ts-expect-error Objects are not sent.
ws.send({});
const source = new EventSource("https://example.com/events", { withCredentials: true });
source.addEventListener("news", ({ data, lastEventId }) => console.log(data.length, lastEventId));
source.onerror = () => source.readyState === EventSource.CLOSED && source.close();
console.log(WebSocket.OPEN, new CloseEvent("close", { code: 1000 }).code);
// Keys, by their algorithms.
on("messageCreate", async () => {
  const { subtle } = crypto;
  const { privateKey, publicKey }: CryptoKeyPair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const signature: ArrayBuffer = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, new Uint8Array(1));
  const good: boolean = await subtle.verify({ name: "ECDSA", hash: { name: "SHA-256" } }, publicKey, signature, new Uint8Array(1));
  const jwk: JsonWebKey = await subtle.exportKey("jwk", publicKey);
  const key: CryptoKey = await subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  const aes: CryptoKey = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, new Set<KeyUsage>(["encrypt"]));
  const pair: CryptoKeyPair = await subtle.generateKey("Ed25519", true, ["sign"]);
  console.log(good, key.usages, aes.algorithm.length, pair, crypto instanceof Crypto);
  // @ts-expect-error A JWK is no raw key.
  await subtle.importKey("raw", "text", "AES-GCM", true, ["encrypt"]);
  // @ts-expect-error There is no such usage.
  await subtle.generateKey("Ed25519", true, ["signs"]);
  // @ts-expect-error Keys are made by crypto.subtle.
  new CryptoKey();
});
const users = new URLPattern({ pathname: "/users/:id" }, { ignoreCase: true });
const who: string | undefined = users.exec("https://example.com/Users/5")?.pathname.groups.id;
new URLPattern("/a/*", "https://example.com").test({ pathname: who ?? "" });
for (const [name, value] of new URLSearchParams("a=b").entries()) console.log(name, value);
// @ts-expect-error: a component is a text.
new URLPattern({ pathname: 5 });

const movable = new TransformStream<string, string>();
structuredClone(movable, { transfer: [movable] });
new MessageChannel().port1.postMessage({}, [new ReadableStream(), new ArrayBuffer(1)]);
addEventListener("rejectionhandled", (event) => console.log(event.reason));
// The server's own endpoint, and schedules.
const server: Deno.HttpServer = Deno.serve({ onListen: ({ hostname, port }) => console.log(hostname, port), onError: (e) => new Response(String(e), { status: 500 }) }, async (req, info) => {
  info.completed.then(() => console.log("sent to", info.remoteAddr.hostname));
  return req.method === "POST" ? Response.json(await req.json()) : new Response(`see ${flora.endpoint}`);
});
Deno.serve(() => new Response("hi"));
Deno.serve({ handler: () => new Response("hi"), signal: AbortSignal.timeout(5) });
// @ts-expect-error A handler gives a response.
Deno.serve(() => "hi");
console.log(server.addr.port);
server.finished.then(() => server.shutdown());
Deno.cron("tidy up", "0 4 * * SUN", () => {});
Deno.cron("every two hours", { hour: { every: 2 } }, { backoffSchedule: [1000, 5000] }, async () => {});
Deno.cron("some days", { dayOfMonth: { exact: [1, 15] }, hour: 3, dayOfWeek: { start: 2, end: 6 } }, () => {}).then(() => {});
// @ts-expect-error A schedule is a text or an object.
Deno.cron("never", 5, () => {});

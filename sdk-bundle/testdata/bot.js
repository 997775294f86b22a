// A bot that uses all of the SDK, and of the language only what no script can
// overwrite.
const shop = kv.store("shop");

const everything = () => [
  actionRow().addComponents(button().setCustomId("a").setLabel("A").setEmoji("x"), [button().setUrl("u")]),
  actionRow().setComponents([stringSelect("s").addOptions({ label: "l", value: "v" }).setPlaceholder("p").setMinValues(1)]),
  userSelect("u").setDefaultUsers(["1"]).addDefaultRole("2").setDefaultRoles(["3"]),
  channelSelect("c").setChannelTypes([0, 5]),
  container().setAccentColor(5).addComponents(section().addComponents(textDisplay("t")).setAccessory(thumbnail("i").setSpoiler()), separator(false).setSpacing("large")),
  mediaGallery().addItem("a").addItem("b", { description: "d" }),
  label("L").setComponent(inputText("i").setStyle(InputTextStyle.Short)),
  file("attachment://f"),
  fileUpload("f").setMaxValues(2),
];

const report = () => embed({ color: 1 }).setTitle("t").setFooter("f", "i").setAuthor("a").addField("n", "v").addFields([{ name: "m", value: "w" }]).setTimestamp(0);

createBot({
  prefix: ["!", "!!"],
  mentionPrefix: true,
  help: true,
  commands: [
    prefix({
      name: "typed",
      aliases: ["t"],
      description: "takes all kinds",
      permissions: ["BanMembers"],
      roles: ["7"],
      cooldown: { seconds: 60, uses: 2 },
      args: [
        { name: "text" }, { name: "whole", type: "integer", max: 9 }, { name: "flag", type: "boolean", required: false }, { name: "time", type: "duration", default: 5 },
        { name: "who", type: "user" }, { name: "where", type: "channel" }, { name: "role", type: "role" }, { name: "choice", choices: ["x", "y"] }, { name: "rest", type: "rest", required: false },
      ],
      run: (ctx) => {
        console.log(ctx.options, ctx.author, ctx.channelId);
        return ctx.send("sent");
      },
    }),
    prefix({
      name: "all",
      run: async (ctx) => {
        console.log(ctx.args, hasRole(ctx, "7"));
        const sent = await ctx.reply({ content: "c", embeds: [report()], components: everything(), flags: 4, ephemeral: true });
        await ctx.edit({ content: sent.id });
        await shop.set("k", "v", { ttl: 60, metadata: { a: [1] } });
        await shop.set("k", "v", { expiration: 99n });
        console.log(await shop.get("k"), await shop.getWithMetadata("k"), await shop.list({ prefix: "k" }));
        await shop.updateMetadata("k");
        await shop.delete("k");
        await rest.banMember({ userId: 123456789012345678n, deleteMessageSeconds: 5n, reason: undefined, when: null });
        try {
          await rest.kickMember({ userId: "1" });
        } catch (e) {
          console.log(e.name, e.message, e.code, e.discord_code);
        }
      },
    }),
  ],
  slashCommands: [
    slash({
      name: "pick",
      description: "d",
      permissions: ["KickMembers"],
      cooldown: 60,
      roles: ["7"],
      options: [
        { name: "who", description: "d", type: "user" }, { name: "where", description: "d", type: "channel" }, { name: "any", description: "d", type: "mentionable" },
        { name: "file", description: "d", type: "attachment" }, { name: "text", description: "d", autocomplete: (ctx) => [ctx.focused.value, 5, { name: "n", value: "v" }] },
      ],
      run: (ctx) => {
        console.log(ctx.options, ctx.user, ctx.subcommand);
        throw new Error("on purpose");
      },
    }),
    slash({ name: "Look", type: "message", errorReply: false, run: (ctx) => ctx.reply(ctx.target.content) }),
    slash({
      name: "mod",
      description: "d",
      defaultMemberPermissions: 8n,
      subcommands: [
        { name: "user", description: "d", subcommands: [{ name: "ban", description: "d", options: [{ name: "who", description: "d", type: "user" }], run: async (ctx) => {
          console.log(ctx.options, getSubcommand(ctx), getSubcommandGroup(ctx));
          await ctx.defer({ ephemeral: true });
          await ctx.reply("first");
          await ctx.reply({ content: "second", ephemeral: true });
          await ctx.followUp("third");
          await ctx.edit("fourth");
        } }] },
      ],
    }),
  ],
});

onComponent("b", (ctx) => console.log(ctx.params, ctx.customId, ctx.values));
onComponent("vote:{poll}:{choice}", (ctx) => console.log(ctx.params, ctx.selected));
onComponent(/^n(?<n>[0-9]+)$/, (ctx) => console.log(ctx.params, ctx.match));
onModal("form:{id}", async (ctx) => {
  console.log(ctx.params, ctx.fields);
  await ctx.deferUpdate();
  await ctx.deleteReply();
});
on("messageCreate", async (ctx) => {
  if (ctx.msg.content !== "natural") return;
  await ctx.react("x");
  await ctx.deleteMessage("spam");
  await ctx.typing();
  console.log(parseDuration("1h 30m"), formatDuration(93784000), PermissionFlags.BanMembers);
});

on("componentInteraction", async (ctx) => {
  await ctx.update({ components: [actionRow().addComponents(button())] });
  try {
    await ctx.showModal({ title: "x" });
  } catch (e) {
    console.log(e.message);
  }
});
on("componentInteraction", (ctx) => ctx.reply("from another"));
on("fails", () => {
  throw { a: 1 };
});
on("fails", async () => {
  const e = new Error("second", { cause: "why" });
  throw e;
});
cron("tick", "* * * * *", ({ name, scheduledAt }) => console.log(name, scheduledAt), { skipIfRunning: true });

on("say", () => {
  const o = { a: 1, get b() { return 1; }, c: [1, , "x\n'\"`"], d: null };
  o.self = o;
  console.log("%s %d %i %f %j %o %c%%", "s", 1.5, 2.5, "3.5", { j: [1] }, { o: 1 }, "css", "more");
  console.log(o, 5n, -0, Symbol("s"), () => {}, class A extends EmbedBuilder {}, async function f() {});
  console.log(samples);
  const shown = new TypeError("shown");
  shown.stack = "";
  console.error(shown, (async () => 1)());
  console.group("g");
  console.warn("in\nit");
  console.groupEnd();
  console.table([{ a: 1, b: "x" }, { a: 2 }, 3]);
  console.count("c");
  console.countReset("c");
  console.time("t");
  console.assert(false, "assert %s", 1);
  console.dir({ a: { b: 1 } }, { depth: 0 });
  console.dirxml(1);
  console.table(samples[0]);
  console.table(new Proxy([{ a: 1 }], {}));
  console.log(new Proxy({ p: 1 }, {}), [1, 22, 333, 4, 5, 6, 7, 8], { long: "a text that is long enough", to: "stand alone", in: "its own line" });
  console.log(Deno.inspect({ b: samples, a: o }, { sorted: true, compact: false, colors: true, depth: 2, getters: true, showHidden: true, trailingComma: true, iterableLimit: 2 }));
  console.log(Deno.permissions.querySync({ name: "net", host: "10.0.0.1:5" }).state, Deno.permissions.querySync({ name: "net", host: "[2606::1]" }).state, typeof Deno.version.v8, Deno.build.os, Deno.mainModule);
  for (let i = 0; i < 4; i++)
    try {
      if (i === 0) Deno.exit();
      if (i === 1) Deno.pid;
      if (i === 2) throw new Deno.errors.NotFound("nf", { cause: 1 });
      if (i === 3) Deno.env.set("a", "b");
    } catch (e) {
      console.log(e.name, e.message, e.cause, e instanceof Deno.errors.NotCapable);
    }
  (async () => {
    try {
      await Deno.readFile("x");
    } catch (e) {
      console.log(e.message);
    }
  })();
  console.debug(report().toJSON(), everything());
});
on("waits", async () => {
  const id = setInterval(() => {}, 1000);
  clearInterval(id);
  await new Promise((resolve) => setTimeout(resolve, 1, "x"));
  queueMicrotask(() => console.log("microtask"));
  await null;
  try {
    await fetch("x");
  } catch (e) {
    console.log(e.message);
  }
});

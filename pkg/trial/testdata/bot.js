// A script for the tests beside it.
const seen = kv.store("seen");
createBot({
  commands: [prefix({ name: "ping", run: (ctx) => ctx.reply("pong!") })],
  slashCommands: [
    slash({ name: "pick", description: "x", options: [{ name: "colour", description: "x", type: "string", required: true, choices: [{ name: "Red", value: "red" }] }], run: (ctx) => ctx.reply(ctx.options.colour) }),
    slash({ name: "ask", description: "x", run: (ctx) => ctx.showModal({ custom_id: "form", title: "Form", components: [label("What").setComponent(inputText("what"))] }) }),
    slash({ name: "buttons", description: "x", run: (ctx) => ctx.reply({ content: "press", components: [actionRow().addComponents(button().setCustomId("press:1").setLabel("Press"))] }) }),
    slash({ name: "fetch", description: "x", run: async (ctx) => {
      const res = await fetch("https://api.example/x?k=" + secrets.get("KEY"), { method: "POST", body: "sent" });
      await ctx.reply(res.status + " " + (await res.json()).answer);
    } }),
    slash({ name: "ban", description: "x", options: [{ name: "who", description: "x", type: "user", required: true }], run: async (ctx) => {
      try {
        await rest.banMember({ userId: ctx.options.who.id, reason: "r" });
        await ctx.reply("banned");
      } catch (e) {
        await ctx.reply(e.code + " " + e.status + " " + e.message);
      }
    } }),
    slash({ name: "slow", description: "x", run: async (ctx) => {
      await ctx.defer();
      await new Promise((resolve) => setTimeout(resolve, 5000));
      await ctx.reply("done at " + new Date().toISOString());
    } }),
    slash({ name: "fail", description: "x", errorReply: "Oops.", run: () => { throw new TypeError("on purpose"); } }),
  ],
});
onComponent("press:{n}", async (ctx) => ctx.update({ content: "pressed " + ctx.params.n + " by " + ctx.user.username, components: [] }));
onModal("form", (ctx) => ctx.reply({ content: ctx.fields.what, ephemeral: true }));
on("guildMemberAdd", async (ctx) => seen.set(ctx.msg.user.id, ctx.msg.user.username));
on("reactionAdd", async (ctx) => console.log(ctx.msg.emoji.name));
on("custom", (ctx) => console.log("custom " + ctx.msg.x));
cron("tidy", "@daily", async () => { for (const { name } of (await seen.list()).keys) await seen.delete(name); });

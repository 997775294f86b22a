// trigger: module
// expect: ok
on("messageCreate", (ctx) => { if (ctx.msg.content === "!go") Object.getPrototypeOf(ctx).reply = () => { throw new Error("patched"); }; });
on("messageCreate", async (ctx) => { if (ctx.msg.content === "!go") finish(await tried(() => ctx.reply("x"))); });

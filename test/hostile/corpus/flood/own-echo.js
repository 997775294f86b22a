// A bot that answers itself.
// trigger: module
// expect: ok, cpu
let n = 0;
on("messageCreate", async (ctx) => { if (ctx.msg.content === "!go") setTimeout(() => finish(n > 0 ? "echoed" : "silent"), 500); n++; if (n < 200) await ctx.reply("echo"); });

// Each message leaves a handler that waits for ever.
// trigger: module
// expect: ok, cpu
on("messageCreate", (ctx) => { if (ctx.msg.content === "!go") finish("waits"); return new Promise(() => {}); });

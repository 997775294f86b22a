// Names with which control speaks to the SDK.
// trigger: module
// expect: ok
for (const n of ["__cron:c", "__load", "__timer", "ready", "__floraBoot"]) try { on(n, () => {}); } catch { }
on("messageCreate", (ctx) => { if (ctx.msg.content === "!go") finish("called"); });

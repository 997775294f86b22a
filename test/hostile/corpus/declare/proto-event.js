// trigger: module
// expect: ok
on("__proto__", () => {});
on("constructor", () => {});
on("messageCreate", (ctx) => { if (ctx.msg.content === "!go") finish("called"); });

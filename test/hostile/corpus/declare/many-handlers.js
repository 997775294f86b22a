// trigger: module
// expect: ok, cpu, mem
for (let i = 0; i < 20000; i++) on("messageCreate", () => {});
on("messageCreate", (ctx) => { if (ctx.msg.content === "!go") finish("called"); });

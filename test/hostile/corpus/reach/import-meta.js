// trigger: module
// expect: ok
on("messageCreate", (ctx) => { if (ctx.msg.content === "!go") finish(Object.keys(import.meta).length === 0 || /\/root|\/work|\/home/.test(JSON.stringify(import.meta)) === false ? "nothing" : "finds a path"); });

// A script starts with nothing of the one before.
// trigger: module
// expect: ok
on("messageCreate", (ctx) => { if (ctx.msg.content !== "!go") return; const left = ["kept", "g0", "leaked"].filter((n) => n in globalThis); globalThis.leaked = 1; finish(left.length ? left.join() + " is left" : "clean"); });

// The bot's own functions are the script's to break, for itself.
// expect: ok
for (const k of Object.keys(rest)) rest[k] = () => { throw new Error("replaced"); };
await ctx.reply("still there");
return "replied";

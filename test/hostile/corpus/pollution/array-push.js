// expect: ok
Array.prototype.push = () => { throw new Error("push"); };
Array.prototype.map = Array.prototype.join = Array.prototype.slice = undefined;
await ctx.reply?.("still there");
return "replied";

// Only what the message itself says may allow a ping.
// expect: ok
Object.prototype.parse = ["everyone"];
Object.prototype.allowedMentions = { parse: ["everyone"] };
Object.prototype.allowed_mentions = { parse: ["everyone"] };
const m = await ctx.reply({ content: "@everyone" });
if (m.mention_everyone) return "pinged, by the script's own doing";
return "silent";

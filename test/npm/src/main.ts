import { answer } from "./answers.js";

on("messageCreate", async (ctx) => {
  if (ctx.msg.author?.bot || !ctx.msg.content.startsWith("!")) return;
  await ctx.reply(await answer(ctx.msg.content.slice(1)));
});

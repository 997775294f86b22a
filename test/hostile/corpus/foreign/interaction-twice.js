// trigger: interaction
// expect: type
await ctx.reply("one");
await rest.sendInteractionResponse({ interactionId: ctx.msg.id, token: ctx.msg.token, content: "two" });

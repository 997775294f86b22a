// Its own interaction's id with the victim's token, and the other way round.
// trigger: interaction
// expect: deny
const open = [];
for (const args of [{ interactionId: ctx.msg.id, token: IDS.token }, { interactionId: IDS.interaction, token: ctx.msg.token }]) {
	const code = await tried(() => rest.sendInteractionResponse({ ...args, content: "x" }));
	if (code !== "SCOPE_FORBIDDEN") open.push(code);
}
if (open.length) throw new Error(open.join());
return "denied";

// expect: deny
const i = IDS.interaction, token = IDS.token;
const ops = {
	sendInteractionResponse: { interactionId: i, token, content: "x" }, deferInteractionResponse: { interactionId: i, token }, updateInteractionResponse: { interactionId: i, token, content: "x" },
	deferInteractionUpdate: { interactionId: i, token }, sendAutocompleteResult: { interactionId: i, token, choices: [] }, showModal: { interactionId: i, token, modal: { customId: "x", title: "x", components: [] } },
	fetchOriginalInteractionResponse: { token }, editOriginalInteractionResponse: { token, content: "x" }, deleteOriginalInteractionResponse: { token }, createFollowupMessage: { token, content: "x" },
	fetchFollowupMessage: { token, messageId: IDS.message }, editFollowupMessage: { token, messageId: IDS.message, content: "x" }, deleteFollowupMessage: { token, messageId: IDS.message },
};
const open = [];
for (const [name, args] of Object.entries(ops)) { const code = await tried(() => rest[name](args)); if (code !== "SCOPE_FORBIDDEN" && code !== "INVALID_INPUT") open.push(name + " " + code); }
if (open.length) throw new Error(open.join());
return "denied " + Object.keys(ops).length;

// expect: deny
const w = IDS.webhook, token = IDS.webhookToken;
const ops = {
	executeWebhook: { webhookId: w, token, content: "x", wait: true }, editWebhook: { webhookId: w, token, payload: { name: "x" } }, deleteWebhook: { webhookId: w, token },
};
const open = [];
for (const [name, args] of Object.entries(ops)) for (const a of [args, { ...args, token: undefined }]) { const code = await tried(() => rest[name](a)); if (code !== "SCOPE_FORBIDDEN" && code !== "INVALID_INPUT") open.push(name + " " + code); }
if (open.length) throw new Error(open.join());
return "denied";

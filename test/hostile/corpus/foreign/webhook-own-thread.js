// expect: deny
return "denied " + await (async () => { const code = await tried(() => rest.executeWebhook({ webhookId: IDS.webhook, token: IDS.webhookToken, threadId: IDS.thread, content: "x" })); if (code === "fine") throw new Error("sent"); return code; })();

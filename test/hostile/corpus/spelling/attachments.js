// expect: type
const got = [];
for (const a of [{ url: "file:///etc/passwd" }, { url: "http://127.0.0.1/" }, { url: "http://169.254.169.254/" }, { data: "!!!", filename: "x" }, { data: "eA==", filename: "../../../etc/x" }, { data: "eA==", filename: "a\r\nX: y" }, {}, 5])
	got.push(await tried(async () => { const m = await rest.sendMessage({ channelId: IDS.ownChannel, content: "x", attachments: [a] }); if ((m.attachments ?? []).every((x) => !/[\/\r\n]/.test(x.filename))) throw Object.assign(new Error(), { code: "CLEANED" }); }));
if (got.includes("fine")) return "leak " + got.join();
throw new TypeError(got.join());

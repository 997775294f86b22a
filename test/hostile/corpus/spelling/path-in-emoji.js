// expect: type
const m = await rest.sendMessage({ channelId: IDS.ownChannel, content: "x" });
const got = [];
for (const emoji of ["../../" + IDS.channel, "a/b", "%2e%2e%2f", "x:1/../..", "?x", "#", "", "\u0000", "a".repeat(5000), { id: IDS.channel + "/..", name: "x" }, { name: "../.." }, 5, null])
	got.push(await tried(() => rest.addReaction({ channelId: IDS.ownChannel, messageId: m.id, emoji })));
if (got.includes("fine")) return "leak " + got.join();
throw new TypeError(got.join());

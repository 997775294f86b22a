// expect: type
const g = IDS.guild, bad = [];
for (const id of [Number(g), " " + g, "0" + g, g + "/", "../" + g, [g], { toString: () => g }, new String(g), g + "\u0000", "@me", "\u0661"]) {
	const code = await tried(() => rest.fetchRoles({ guildId: id }));
	if (code === "fine") bad.push(String(id));
}
if (bad.length) return "leak " + bad.join();
throw new TypeError("all refused");

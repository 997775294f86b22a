// Ids next to its own, of which some are the victim's.
// expect: deny
const base = BigInt(IDS.ownChannel);
for (let i = 1n; i < 40n; i++) {
	const code = await tried(() => rest.fetchChannel({ channelId: String(base - i) }));
	if (code === "fine") throw new Error("found " + (base - i));
}
return "denied";

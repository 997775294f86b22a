// expect: type
const c = IDS.channel, bad = [];
for (const id of [Number(c), BigInt(c), " " + c, c + " ", "+" + c, "0" + c, "0x" + BigInt(c).toString(16), c + "n", c + ".0", c + "e0", "-" + c, "1e30", "9".repeat(30), "", null, undefined, {}, [c], [[c]], true, NaN, Infinity,
	"\u0660", c.replace(/\d/g, (d) => String.fromCharCode(0xff10 + +d)), c + "\u0000", c + "/", "../" + c, c + "?x", c + "#", "%31", "@me", "self", { toString: () => c }, { toJSON: () => c }, new String(c), Symbol.iterator, () => c]) {
	const code = await tried(() => rest.fetchChannel({ channelId: id }));
	if (code === "fine") bad.push(String(id));
}
if (bad.length) return "leak " + bad.join();
throw new TypeError("all refused");

// Everything that can be reached, in search of natives and of other guilds.
// expect: ok
const found = [], seen = new Set(), queue = [globalThis];
while (queue.length && seen.size < 5000) {
	const o = queue.pop();
	if ((typeof o !== "object" && typeof o !== "function") || o === null || seen.has(o)) continue;
	seen.add(o);
	for (const k of Reflect.ownKeys(o)) {
		let d;
		try { d = Reflect.getOwnPropertyDescriptor(o, k); } catch { continue; }
		if (!d) continue;
		const name = String(k);
		if (/^op_|^__flora(?!GuildId)|[nN]ative[s]?$/.test(name)) found.push(name);
		if (typeof d.value === "string" && d.value === IDS.guild && o !== IDS) found.push(name);
		queue.push(d.value, d.get, d.set);
	}
	queue.push(Object.getPrototypeOf(o));
}
if (found.length) throw new Error(found.join());
return seen.size;

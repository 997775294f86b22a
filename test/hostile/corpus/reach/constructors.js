// Every way to compile code sees the same globals and no op.
// expect: ok
const A = (async () => {}).constructor, G = (function* () {}).constructor, B = (async function* () {}).constructor;
const seen = [];
for (const F of [Function, A, G, B]) {
	const r = F("return [typeof __ops, typeof natives, typeof Deno.core, typeof process, typeof require, this === globalThis]").call(undefined);
	let v = r;
	if (typeof v.then === "function") v = await v;
	if (typeof v.next === "function") { v = v.next(); if (typeof v.then === "function") v = await v; v = v.value; }
	seen.push(JSON.stringify(v));
}
seen.push(JSON.stringify((0, eval)("[typeof __ops, typeof natives, typeof Deno.core, typeof process, typeof require, this === globalThis]")));
if (new Set(seen).size !== 1 || !seen[0].includes('"undefined","undefined","undefined","undefined","undefined"')) throw new Error(seen.join(" "));
return "nothing new";

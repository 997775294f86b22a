// Call sites must not lead to functions or receivers of the SDK.
// expect: ok
Error.prepareStackTrace = (e, sites) => sites;
const found = [];
for (const s of new Error("x").stack) {
	for (const name of ["getThis", "getFunction"]) {
		const v = s[name]?.();
		if (v !== undefined && v !== null && !String(v).includes("evil") && v !== globalThis) found.push(name + " " + String(v).slice(0, 80));
	}
}
Error.prepareStackTrace = undefined;
if (found.some((f) => f.includes("native") && f.includes("op_"))) throw new Error(found.join());
return "call sites";

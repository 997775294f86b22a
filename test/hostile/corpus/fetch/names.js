// Names that the operator's own machine and network know.
// expect: deny
const names = ["localhost", "LOCALHOST", "localhost.", "foo.localhost", "localhost.localdomain", "ip6-localhost", "kubernetes", "kubernetes.default.svc", "postgres", "redis", "metadata", "metadata.google.internal.invalid"];
const open = [];
for (const name of names) {
	const code = await fetch("http://" + name + "/").then(() => "fine", (e) => e.cause?.code ?? e.code);
	if (!["ENOTFOUND", "EAI_AGAIN", "TIMEOUT"].includes(code)) open.push(name + " " + code);
}
if (open.length) throw new Error(open.join());
return "denied";

// What takes the parser of URLs long runs where nothing can stop it, so it is refused.
// expect: ok, cpu
let n = 0;
for (const s of ["http://" + "@".repeat(6e4), "http:\\\\" + "a".repeat(6e4) + "@b", "a://" + "%".repeat(6e4), "//" + "%".repeat(6e4), "http://a/" + "/..".repeat(2e4), "http://" + "xn--".repeat(1e4), "blob:".repeat(1e4)])
	for (const base of [undefined, "http://a.b/", "a://b"]) if (!URL.canParse(s, base)) n++;
const u = new URL("http://a.b/");
for (const k of ["host", "hostname", "username", "password", "pathname", "search", "hash", "port", "protocol"]) u[k] = "%@:".repeat(2e4);
return n;

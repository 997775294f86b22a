// expect: deny
const open = [];
for (const url of ["http://user@10.0.0.1/", "http://a:b@192.0.2.1/", "http://192.0.2.1@127.0.0.1/", "http://192.0.2.1:80@127.0.0.1/", "http://192.0.2.1\\@127.0.0.1/../", "http://192.0.2.1#@127.0.0.1:22/", "http://:@127.0.0.1/"]) {
	const e = await fetch(url, { signal: AbortSignal.timeout(1) }).then(() => "fine", (e) => e);
	if (e === "fine") open.push(url);
}
if (open.length) throw new Error(open.join());
return "denied";

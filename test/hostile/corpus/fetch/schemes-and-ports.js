// expect: deny
const open = [];
for (const url of ["file:///etc/passwd", "ftp://1.1.1.1/", "gopher://1.1.1.1/", "javascript:1", "ws://1.1.1.1", "about:blank", "unix:/run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/"]) {
	const code = await fetch(url).then(() => "fine", (e) => e.cause?.code);
	if (code !== "ESCHEME") open.push(url + " " + code);
}
// These two lead nowhere outside of the script.
if ((await (await fetch("data:text/plain,x")).text()) !== "x") open.push("data:");
for (const url of ["blob:http://a.b/1", "blob:null/5", "data:text/plain"]) await fetch(url).then(() => open.push(url), (e) => e instanceof TypeError || open.push(url));
for (const port of [1, 22, 23, 25, 53, 110, 143, 465, 587, 993, 1023, 2049, 6000, 6667, 10080]) {
	const code = await fetch("http://1.1.1.1:" + port).then(() => "fine", (e) => e.cause?.code);
	if (code !== "EFORBIDDEN") open.push(port + " " + code);
}
if (open.length) throw new Error(open.join());
return "denied";

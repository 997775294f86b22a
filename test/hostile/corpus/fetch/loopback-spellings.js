// Ways to write addresses of the machine and of its network.
// expect: deny
const hosts = [
	"127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "0177.0.0.1", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1", "%31%32%37.0.0.1",
	"0", "0.0.0.0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
	"[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[fd00::1]", "[fd00:ec2::254]", "[ff02::1]",
	"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "168.63.129.16", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
];
const open = [];
for (const host of hosts) {
	for (const url of ["http://" + host + "/", "https://" + host + ":8443/", "http:\\\\" + host + "\\"]) {
		const code = await fetch(url).then(() => "fine", (e) => e.cause?.code);
		if (code !== "EFORBIDDEN") open.push(url + " " + code);
	}
}
if (open.length) throw new Error(open.join());
return "denied " + hosts.length;

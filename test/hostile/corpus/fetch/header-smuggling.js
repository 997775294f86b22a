// Headers and methods that would end the request early and begin another.
// expect: deny
const open = [];
const say = (what, p) => p.then(() => open.push(what), (e) => { if (!(e instanceof TypeError) || e.code === "FETCH_FAILED") open.push(what + " " + e); });
for (const v of ["a\r\nHost: x", "a\nb", "a\0b", "\u0100"]) await say(JSON.stringify(v), fetch("http://127.0.0.1", { headers: { x: v } }));
for (const k of ["a\r\nb", "a b", "", "a:b", "\u0130"]) await say(JSON.stringify(k), fetch("http://127.0.0.1", { headers: [[k, "v"]] }));
for (const m of ["GET / HTTP/1.1\r\nX: y\r\n\r\n", "G T", "", "CONNECT", "trace", "Track"]) await say(JSON.stringify(m), fetch("http://127.0.0.1", { method: m }));
if (open.length) throw new Error(open.join());
return "denied";

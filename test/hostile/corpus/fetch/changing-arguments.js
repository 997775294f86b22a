// What is read of the arguments is read once: it cannot pass as one thing and be sent as another.
// expect: deny
let n = 0;
const shifty = { toString() { return n++ ? "http://127.0.0.1/" : "http://169.254.169.254/"; } };
const got = [];
got.push(await fetch(shifty).then(() => "fine", (e) => e.cause?.code));
got.push(await fetch("http://10.0.0.1", { get method() { return n++ % 2 ? "GET" : "CONNECT"; }, get headers() { return { ["x" + n++]: "y" }; } }).then(() => "fine", (e) => e.name));
const url = new URL("http://1.1.1.1/");
Object.defineProperty(url, "href", { get() { return "http://127.0.0.1/"; } });
Object.setPrototypeOf(url, null);
got.push(await fetch(url, { signal: AbortSignal.abort("stopped") }).catch((e) => e));
if (got.includes("fine")) throw new Error(got.join());
return "denied " + got.join();

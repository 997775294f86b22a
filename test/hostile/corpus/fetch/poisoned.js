// The SDK's own work on a response meets no accessor of the script's.
// expect: deny
let seen = 0;
const trap = { configurable: true, get() { seen++; return undefined; }, set() { seen++; } };
for (const k of ["url", "headers", "status", "body", "text", "bytes", "id", "cause", "method", "0", "1", "toJSON", "type", "href"]) Object.defineProperty(Object.prototype, k, trap), Object.defineProperty(Array.prototype, k, trap);
Uint8Array.fromBase64 = Uint8Array.prototype.toBase64 = () => { seen++; };
const code = await fetch("http://127.0.0.1/", { __proto__: null, method: "POST", headers: { __proto__: null, a: "b" }, body: new Uint8Array([1, 2]) }).then(() => "fine", (e) => Object.getOwnPropertyDescriptor(e, "cause")?.value !== undefined);
if (code !== true) throw new Error("got " + code);
return "denied";

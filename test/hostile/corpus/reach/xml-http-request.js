// expect: ok
const found = ["XMLHttpRequest", "Worker", "process", "require", "Bun", "location", "importScripts", "postMessage", "d8", "quit", "read", "load", "print", "version"].filter((n) => typeof globalThis[n] !== "undefined");
if (found.length) throw new Error(found.join());
return "none";

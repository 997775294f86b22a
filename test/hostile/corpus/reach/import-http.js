// expect: type
const name = "http:" + "//127.0.0.1/x.js";
await import(name);

// expect: type
const name = "./" + "other.js";
await import(name);

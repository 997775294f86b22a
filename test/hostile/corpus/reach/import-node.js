// expect: type
const name = "node:" + "fs";
await import(name);

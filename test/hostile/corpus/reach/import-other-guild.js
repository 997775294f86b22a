// expect: type
const name = "file:///guild/" + IDS.guild + "/bundle.js";
await import(name);

// expect: type
const name = "file:///guild/" + IDS.ownGuild + "/bundle.js";
await import(name);

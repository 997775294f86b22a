// expect: type
const name = "npm:" + "lodash";
await import(name);

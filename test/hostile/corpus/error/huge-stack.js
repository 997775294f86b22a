// expect: type
const e = new Error("x");
e.stack = "s\n".repeat(1e7);
throw e;

// expect: cpu, type
const e = new Error("x");
e.name = "N".repeat(3e7);
throw e;

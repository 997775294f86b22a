// expect: type
let e = new Error("x");
for (let i = 0; i < 10000; i++) e = new Error("x" + i, { cause: e });
throw e;

// trigger: load
// expect: type
let refused = 0;
for (const n of ["", "x".repeat(1000), 5, null, Symbol("x"), {}, "\ud800"]) try { cron(n, "* * * * *", () => {}); } catch { refused++; }
throw new TypeError("refused " + refused);

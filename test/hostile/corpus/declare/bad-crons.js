// trigger: load
// expect: type
let refused = 0;
for (const e of ["", "x", "* * * *", "* * * * * * * *", "60 * * * *", "* 24 * * *", "*/0 * * * *", "1-0 * * * *", "-1 * * * *", "1e9 * * * *", "* * 0 * *", "0 0 * * 9", "@never", "\u0000", "* ".repeat(1e5), "0-59/1,".repeat(1e5) + "1 * * * *", 5, null, {}]) try { cron("b" + refused, e, () => {}); } catch { refused++; }
throw new TypeError("refused " + refused);

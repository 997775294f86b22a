// trigger: load
// expect: type
let refused = 0;
for (const n of ["", "x".repeat(1e6), 5, null, Symbol("x"), {}, "__proto__", "constructor", "hasOwnProperty", "\u0000", "\ud800"]) try { on(n, () => {}); } catch { refused++; }
throw new TypeError("refused " + refused);

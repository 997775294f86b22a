// Positions that are none, in files that are not the author's.
// expect: type
const e = new Error("x");
e.stack = "Error: x\n    at f (/etc/passwd:99999999999999999999:1)\n    at main.js:-1:-1\n    at main.js:1e9:1e9\n".repeat(100);
throw e;

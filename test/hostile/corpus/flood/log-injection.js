// expect: ok
// log: ^finished [^\x1b\r\n]*$
console.log("\u001b[2J\u001b]0;title\u0007\r\n22:00:00 INFO supervisor fake\u2028\u2029\u0085\u009b31m");
return "\u001b[31m\u009b31m";

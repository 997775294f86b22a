// trigger: message, timer
// expect: ok, cpu
console.log("x".repeat(3e7));

// trigger: message, timer
// expect: type
// log: \(cut|x{1000}
throw new Error("x".repeat(2e6));

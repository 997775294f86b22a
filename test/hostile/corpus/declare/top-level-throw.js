// trigger: load
// expect: type
throw new Error("at the top");

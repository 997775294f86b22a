// trigger: message, timer
// expect: cpu, type, ok
Error.prepareStackTrace = () => { for (;;); };
throw new Error("x");

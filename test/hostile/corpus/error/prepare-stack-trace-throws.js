// expect: cpu, type, ok
Error.prepareStackTrace = () => { throw new Error("again"); };
throw new Error("x");

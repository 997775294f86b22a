// trigger: load
// expect: ok
createBot({ prefix: "x".repeat(1e6), commands: [{ name: "a", run() {} }] });

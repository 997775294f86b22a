// trigger: load
// expect: type, ok
createBot({ prefix: "!" });
createBot({ prefix: "?" });

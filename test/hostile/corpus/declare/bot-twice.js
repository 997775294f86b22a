// trigger: load
// expect: ok
createBot({ prefix: "!" });
createBot({ prefix: "?" });

// trigger: load
// expect: ok
createBot({ slashCommands: [{ name: "../..", description: "" }, { name: "__proto__", description: "x" }] });

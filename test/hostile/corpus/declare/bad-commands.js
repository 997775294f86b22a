// trigger: load
// expect: type, ok
createBot({ slashCommands: [{ name: "../..", description: "" }, { name: "__proto__", description: "x" }] });

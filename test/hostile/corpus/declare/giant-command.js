// trigger: load
// expect: type, mem, ok
createBot({ slashCommands: [slash({ name: "c", description: "d".repeat(1e7), run() {} })] });

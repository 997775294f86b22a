// trigger: load
// expect: ok, type, mem
createBot({ slashCommands: Array.from({ length: 10000 }, (_, i) => slash({ name: "c" + i, description: "d".repeat(100), run() {} })) });

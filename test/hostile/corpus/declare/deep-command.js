// trigger: load
// expect: type
let o = { name: "x", description: "x" };
for (let i = 0; i < 1000; i++) o = { name: "x", description: "x", type: "subcommand_group", options: [o] };
createBot({ slashCommands: [slash({ name: "c", description: "x", options: [o], run() {} })] });
throw new TypeError("declared, which Discord refuses");

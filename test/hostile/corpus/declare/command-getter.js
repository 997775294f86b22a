// trigger: load
// expect: cpu
createBot({ get slashCommands() { for (;;); } });

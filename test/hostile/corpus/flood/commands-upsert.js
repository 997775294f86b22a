// expect: ok, rate, cpu, type
for (let i = 0; i < 200; i++) await rest.upsertGuildCommands({ commands: [{ name: "c" + i, description: "x" }] });

// expect: rate, cpu, type
for (let i = 0; i < 500; i++) await rest.createGuildCommand({ command: { name: "c" + i, description: "x" } });

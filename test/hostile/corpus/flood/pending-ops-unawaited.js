// expect: rate, type, cpu, ok
for (let i = 0; i < 100000; i++) rest.fetchGuild().catch(() => {});
return await tried(() => rest.fetchGuild());

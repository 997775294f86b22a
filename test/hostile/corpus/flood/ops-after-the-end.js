// Ops that nobody waits for any more.
// expect: ok
for (let i = 0; i < 50; i++) rest.fetchGuild();
return 1;

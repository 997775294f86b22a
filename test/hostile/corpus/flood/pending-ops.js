// As many ops as fit at once, and more.
// expect: rate, type, cpu
await Promise.all(Array.from({ length: 100000 }, () => rest.fetchGuild()));

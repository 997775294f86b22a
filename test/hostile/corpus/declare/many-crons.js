// trigger: load
// expect: rate, type
for (let i = 0; i < 1000; i++) cron("c" + i, "* * * * *", () => {});

// expect: rate, type, ok
for (let i = 0; i < 100; i++) cron("late" + i, "* * * * * *", () => {});
return 1;

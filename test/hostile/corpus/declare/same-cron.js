// trigger: load
// expect: type
cron("c", "* * * * *", () => {});
cron("c", "* * * * *", () => {});

// trigger: load
// expect: ok
cron("never", "0 0 30 2 *", () => {});

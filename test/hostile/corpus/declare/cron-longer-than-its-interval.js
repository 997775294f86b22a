// trigger: cron
// expect: ok
await new Promise((r) => setTimeout(r, 1500));
return "slept";

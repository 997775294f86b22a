// The plainest: it never gives the thread back.
// trigger: load, message, timer, microtask, cron, interaction
// expect: cpu
for (;;);

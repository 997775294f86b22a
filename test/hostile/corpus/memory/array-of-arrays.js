// With an optimising compiler this one never hears of a termination.
// trigger: load, message, timer, cron, interaction
// expect: mem, cpu, kill
const a = [];
for (;;) a.push(new Array(1000));

// expect: mem, cpu, kill
const a = [];
for (;;) a.push((function* () { yield 1; })());

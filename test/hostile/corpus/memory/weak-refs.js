// expect: mem, cpu, kill
const a = [];
for (;;) { const o = {}; a.push(o, new WeakRef(o)); }

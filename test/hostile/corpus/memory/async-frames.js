// Handlers that wait hold their locals.
// expect: mem, cpu, kill, rate
const a = [];
for (;;) a.push((async () => { const big = new Array(1000).fill(0); await new Promise(() => {}); return big; })());

// Each turn is short, but there is always another.
// expect: cpu, rate
for (let i = 0; i < 60; i++) setInterval(() => { for (let n = 0; n < 1e4; n++); }, 1);
await new Promise((r) => setTimeout(r, 10000));

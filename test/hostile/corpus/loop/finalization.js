// expect: cpu, ok
const r = new FinalizationRegistry(() => { for (;;); });
for (let i = 0; i < 1e9; i++) r.register({}, i);

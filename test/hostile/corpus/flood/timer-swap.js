// A timer that sets the next: one at a time, for ever.
// expect: ok, cpu
const next = () => setTimeout(next, 0);
next();
await new Promise((r) => setTimeout(r, 300));
return 1;

// expect: ok, cpu
const c = new AbortController();
for (let i = 0; i < 1e5; i++) c.signal.addEventListener("abort", () => {});
c.abort();

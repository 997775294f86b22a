// expect: ok, rate, type, cpu
const c = new AbortController();
for (let i = 0; i < 300; i++) fetch("http://10.0.0.1/", { signal: c.signal }).catch(() => {});
c.signal.addEventListener("abort", () => { throw new Error("in a listener"); });
c.abort();
for (let i = 0; i < 300; i++) { const d = new AbortController(); const p = fetch("http://10.0.0.1:8080/", { signal: AbortSignal.any([d.signal, c.signal]) }); d.abort(); await p.catch(() => {}); }
let s = new AbortController().signal;
for (let i = 0; i < 1e4; i++) s = AbortSignal.any([s]);
return "aborted";

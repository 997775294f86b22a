// expect: cpu, mem, kill, ok
const w = new WeakMap(), keep = [];
for (let i = 0; i < 1e7; i++) { const k = {}; keep.push(k); w.set(k, i); }
return keep.length;

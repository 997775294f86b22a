// expect: mem, cpu, kill, type
const a = [];
for (let i = 0; ; i++) { const s = ("x".repeat(1e6) + i); s.charCodeAt(5); a.push(s); }

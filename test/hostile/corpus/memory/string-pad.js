// expect: type, mem, kill, cpu
const a = [];
for (let i = 0; ; i++) { const s = "x".padEnd(2 ** 24 + i, "y"); s.indexOf("z"); a.push(s); }

// expect: ok, mem, cpu, rate
for (let i = 0; i < 1e5; i++) { console.count("l" + i); console.time("t" + i); }

// expect: cpu, ok, rate, type
const s = store("big");
for (let i = 0; i < 60; i++) await s.set("k" + i, "x".repeat(1e6));
return 60;

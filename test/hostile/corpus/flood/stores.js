// expect: rate, cpu, type
for (let i = 0; i < 1100; i++) await store("s" + i).set("k", "v");

// More writes than a minute allows.
// expect: rate, cpu
for (let i = 0; i < 1000; i++) await store("flood").set("k" + i, "v");

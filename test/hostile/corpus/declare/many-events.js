// trigger: load
// expect: rate
for (let i = 0; i < 100000; i++) on("event" + i, () => {});

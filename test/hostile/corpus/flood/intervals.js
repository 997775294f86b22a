// expect: rate, type, cpu
for (let i = 0; i < 1e6; i++) setInterval(() => {}, 0);

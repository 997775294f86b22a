// expect: rate, type, cpu
for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 0);

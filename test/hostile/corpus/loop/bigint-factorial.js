// expect: cpu, kill
let x = 1n;
for (let i = 1n; ; i++) x *= i;

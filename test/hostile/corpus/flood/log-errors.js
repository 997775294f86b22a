// expect: cpu, rate
// log: dropped|TimeoutError
for (let i = 0; i < 1e4; i++) console.error(new Error("line " + i));

// expect: ok, cpu
for (let i = 0; i < 1e5; i++) console.group();
console.log("deep");
for (let i = 0; i < 1e5; i++) console.groupEnd();

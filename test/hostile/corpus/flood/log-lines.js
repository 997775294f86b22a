// expect: rate
// log: dropped
for (let i = 0; i < 1e4; i++) console.log("line " + i);

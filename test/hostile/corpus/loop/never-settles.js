// expect: cpu
// log: did not finish within
await new Promise(() => {});

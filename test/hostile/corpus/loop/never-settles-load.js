// trigger: load
// expect: cpu
// log: did not (load|finish) within
await new Promise(() => {});

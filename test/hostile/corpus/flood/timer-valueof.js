// expect: cpu
setTimeout(() => {}, { valueOf() { for (;;); } });

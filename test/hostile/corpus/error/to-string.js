// trigger: message, timer
// expect: cpu, type, ok
throw { toString() { for (;;); } };

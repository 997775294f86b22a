// trigger: load
// expect: type
process.exit(0);

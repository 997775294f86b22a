// trigger: message, timer
// expect: type
throw undefined;

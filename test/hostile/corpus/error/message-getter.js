// Whoever reports the error runs the script again.
// trigger: message, timer, interaction
// expect: cpu, type, ok
throw { get message() { for (;;); } };

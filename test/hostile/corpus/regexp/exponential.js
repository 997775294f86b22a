// Ends where V8 falls back to its linear engine.
// trigger: message, timer, cron, interaction
// expect: cpu, ok
return /(a+)+$/.test("a".repeat(40) + "b");

// expect: type, cpu
await store("s").set("k", "x".repeat(2e6));

// expect: type, cpu
await store("s").set("k", "v", { metadata: "x".repeat(3e6) });

// expect: rate, cpu, type
await Promise.all(Array.from({ length: 1000 }, (_, i) => store("flood2").set("k" + i, "v")));

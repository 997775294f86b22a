// expect: mem, cpu, kill, type
await Promise.all({ *[Symbol.iterator]() { for (;;) yield new Promise(() => {}); } });

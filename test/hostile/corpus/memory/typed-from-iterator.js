// expect: type, mem, kill, cpu
return Uint8Array.from({ *[Symbol.iterator]() { for (;;) yield 1; } }).length;

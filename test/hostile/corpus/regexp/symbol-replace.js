// expect: cpu
return "a".replace({ [Symbol.replace]() { for (;;); } }, "b");

// expect: cpu
return 1 + { [Symbol.toPrimitive]() { for (;;); } };

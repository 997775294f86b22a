// expect: cpu, type, ok
throw { [Symbol.toPrimitive]() { for (;;); } };

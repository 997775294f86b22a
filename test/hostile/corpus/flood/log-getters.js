// expect: ok, cpu
console.log({ get x() { for (;;); }, toString() { for (;;); }, toJSON() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } });

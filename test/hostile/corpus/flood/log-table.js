// expect: ok, cpu, type
console.table(Array.from({ length: 1e5 }, (_, i) => ({ i })));

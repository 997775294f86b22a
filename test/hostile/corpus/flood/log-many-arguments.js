// expect: ok, cpu, type
console.log(...Array.from({ length: 50000 }, (_, i) => ({ i })));

// expect: ok, cpu
console.log(Array.from({ length: 1e5 }, (_, i) => ({ ["k" + i]: i })));

// expect: cpu
const g = (function* () { for (;;) yield 1; })();
for (const x of g) x;

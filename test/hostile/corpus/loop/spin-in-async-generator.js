// expect: cpu
const g = (async function* () { for (;;) yield 1; })();
for await (const x of g) x;

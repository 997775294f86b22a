// No clock may tell less than a millisecond.
// expect: ok
const clocks = [() => Date.now()];
if (typeof performance !== "undefined") clocks.push(() => performance.now());
for (const now of clocks) for (let i = 0; i < 1000; i++) { const t = now(); if (t !== Math.round(t)) throw new Error("a clock tells fractions: " + t); }
return clocks.length;

// expect: mem, cpu, kill, type
const a = [];
const f = function () { a.push(arguments); };
for (;;) f(1, 2, 3, 4, 5, 6, 7, 8, 9);

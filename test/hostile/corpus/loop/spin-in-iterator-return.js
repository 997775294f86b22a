// expect: cpu
for (const x of { [Symbol.iterator]() { return { next: () => ({ done: false, value: 0 }), return() { for (;;); } }; } }) break;

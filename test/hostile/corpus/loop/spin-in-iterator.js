// expect: cpu
return [...{ [Symbol.iterator]() { return { next() { return { done: false, value: 0 }; } }; } }].length;

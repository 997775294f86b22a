// expect: cpu, kill, type, mem, ok
return [].concat({ length: 2 ** 31, [Symbol.isConcatSpreadable]: true }).length;

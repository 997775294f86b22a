// expect: cpu, kill, type
return [].toSorted.call({ length: 2 ** 31 }).length;

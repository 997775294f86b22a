// expect: kill, mem, type
return Array.from({ length: 2 ** 28 }).length;

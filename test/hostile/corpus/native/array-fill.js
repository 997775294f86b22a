// expect: kill, mem, type
return new Array(2 ** 32 - 2).fill(0).length;

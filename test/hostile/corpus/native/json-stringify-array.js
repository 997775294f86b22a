// expect: kill, mem, type
return JSON.stringify(new Array(2 ** 26).fill(123456)).length;

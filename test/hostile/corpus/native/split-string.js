// expect: kill, mem, type
return "x".repeat(2 ** 29 - 25).split("").length;

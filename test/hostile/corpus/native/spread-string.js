// expect: kill, mem
return [..."x".repeat(2 ** 28)].length;

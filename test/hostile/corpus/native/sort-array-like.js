// expect: kill
return [].sort.call({ length: 2 ** 31 });

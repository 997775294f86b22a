// expect: cpu, kill
return [].forEach.call({ length: 2 ** 53 - 1 }, () => {});

// expect: cpu, kill, type
return Reflect.apply(Math.max, null, { length: 2 ** 26 });

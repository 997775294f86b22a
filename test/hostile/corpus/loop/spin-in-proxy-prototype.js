// expect: cpu
return new Proxy({}, { getPrototypeOf() { for (;;); } }) instanceof Object;

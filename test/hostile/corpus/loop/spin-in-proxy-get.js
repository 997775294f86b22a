// expect: cpu
return new Proxy({}, { get() { for (;;); } }).x;

// expect: cpu
return ((x = (() => { for (;;); })()) => x)();

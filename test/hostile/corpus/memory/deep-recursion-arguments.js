// expect: type
const f = (...a) => f(...a, 1);
return f();

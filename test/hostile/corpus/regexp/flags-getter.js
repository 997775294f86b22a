// expect: cpu
const r = /a/;
Object.defineProperty(r, "flags", { get() { for (;;); } });
return "a".matchAll(r);

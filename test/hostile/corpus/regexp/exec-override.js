// expect: cpu
const r = /a/g;
r.exec = () => ({ 0: "", index: 0, length: 1 });
return "a".replace(r, "b");

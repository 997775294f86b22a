// expect: type, cpu, ok
const r = /a(b)?/g;
return "ababab".replace(r, () => { r.compile("(".repeat(10) + "a" + ")".repeat(10)); return ""; }).length;

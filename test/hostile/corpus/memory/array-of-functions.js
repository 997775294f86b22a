// expect: mem, cpu, kill
const a = [];
for (let i = 0; ; i++) a.push(Function("return " + i));

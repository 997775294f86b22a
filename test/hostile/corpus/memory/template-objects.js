// expect: mem, cpu, kill, type
const a = [];
for (let i = 0; ; i++) a.push(Function("t", "return t`" + i + "`")((s) => s));

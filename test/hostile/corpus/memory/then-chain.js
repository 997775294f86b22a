// expect: mem, cpu, kill
let p = new Promise(() => {});
for (;;) p = p.then(() => {});

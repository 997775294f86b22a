// expect: mem, cpu, kill
let f = () => 0;
for (;;) { const g = f; f = () => g; }

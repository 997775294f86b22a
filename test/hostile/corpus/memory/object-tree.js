// expect: mem, cpu, kill
const grow = (o) => { o.a = {}; o.b = {}; return [o.a, o.b]; };
let layer = [{}];
for (;;) layer = layer.flatMap(grow);

// expect: mem
const keep = [];
for (;;) {
  for (let i = 0; i < 500; i++) keep.push(Reflect.construct(Object.getPrototypeOf(new Intl.NumberFormat("de")).constructor, ["de"], Object));
  await new Promise((next) => setTimeout(next));
}

// expect: mem
const keep = [new Uint8Array(26 << 20)], { constructor } = Object.getPrototypeOf(new Intl.NumberFormat("de"));
for (;;) {
  for (let i = 0; i < 500; i++) keep.push(Reflect.construct(constructor, ["de"], Object));
  await new Promise((next) => setTimeout(next));
}

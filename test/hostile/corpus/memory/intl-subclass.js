// expect: mem
const keep = [new Uint8Array(26 << 20)], Own = class extends Intl.DateTimeFormat {};
for (;;) {
  for (let i = 0; i < 500; i++) keep.push(new Own("de"));
  await new Promise((next) => setTimeout(next));
}

// expect: mem
const keep = [], Own = class extends Intl.DateTimeFormat {};
for (;;) {
  for (let i = 0; i < 500; i++) keep.push(new Own("de"));
  await new Promise((next) => setTimeout(next));
}

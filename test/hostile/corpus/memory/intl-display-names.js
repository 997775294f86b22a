// Kilobytes outside of the heap for a few words of it.
// expect: mem
const keep = [new Uint8Array(26 << 20)];
for (;;) {
  for (let i = 0; i < 500; i++) keep.push(new Intl.DisplayNames("de", { type: "region" }));
  await new Promise((next) => setTimeout(next));
}

// expect: mem
const keep = [new Uint8Array(26 << 20)], words = new Intl.Segmenter("de", { granularity: "word" });
for (;;) {
  for (let i = 0; i < 500; i++) keep.push(words.segment("a few words")[Symbol.iterator]());
  await new Promise((next) => setTimeout(next));
}

// expect: type
let m = [];
for (let i = 0; i < 20000; i++) m = [m];
await store("s").set("k", "v", { metadata: m });

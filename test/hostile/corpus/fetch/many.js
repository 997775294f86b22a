// trigger: message, load
// expect: ok, rate, type, cpu
const all = [];
for (let i = 0; i < 2000; i++) all.push(fetch("http://10.0.0.1/" + i, { method: "POST", body: "x".repeat(1000) }).catch((e) => e.code));
return new Set(await Promise.all(all)).size;

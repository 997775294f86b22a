// trigger: message
// expect: mem, ok, type, cpu
const all = [];
for (let i = 0; i < 200; i++) all.push(new TextEncoder().encode("x".repeat(8 << 20)), btoa("y".repeat(1 << 20)), new TextDecoder().decode(new Uint8Array(8 << 20)));
return all.length;

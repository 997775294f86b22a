// The errors are caught; the room stays what it is.
// expect: ok, cpu
const a = [];
let failed = 0;
while (failed < 100) try { a.push(new Uint8Array(8 << 20)); } catch { failed++; }
return a.length * 8 <= 64;

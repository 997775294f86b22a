// expect: ok
let refs = [];
for (let i = 0; i < 1e4; i++) refs.push(new WeakRef({ i }));
await new Promise((r) => setTimeout(r, 50));
return refs.filter((r) => r.deref()).length >= 0;

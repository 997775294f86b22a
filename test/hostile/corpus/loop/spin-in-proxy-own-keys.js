// expect: cpu
return Object.keys(new Proxy({}, { ownKeys() { for (;;); } }));

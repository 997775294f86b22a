// expect: type
// log: nobody cares
Promise.reject(new Error("nobody cares"));
await new Promise((r) => setTimeout(r, 200));

// trigger: load
// expect: type, ok
Promise.reject(new Error("at the top"));

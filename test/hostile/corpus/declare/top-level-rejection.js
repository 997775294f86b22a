// trigger: load
// expect: ok
Promise.reject(new Error("at the top"));

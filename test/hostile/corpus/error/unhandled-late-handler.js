// expect: ok
const p = Promise.reject(new Error("late"));
await 0;
p.catch(() => {});
return "handled";

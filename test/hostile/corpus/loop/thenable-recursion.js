// expect: cpu
const thenable = { then(r) { r(thenable); } };
await thenable;

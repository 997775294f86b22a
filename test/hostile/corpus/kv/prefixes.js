// expect: type, ok, cpu
const got = [];
for (const prefix of ["", "\u0000", "\uffff", "../", "\ud800", "x".repeat(1e6), 5, {}]) got.push(await tried(() => store("s").list({ prefix })));
return got.join();

// expect: ok
console.log("%s%d%i%f%j%o%O%c%%" .repeat(1000), 1);
console.log("%s", { toString() { throw new Error("no"); } });
console.log("%d", Symbol("x"));

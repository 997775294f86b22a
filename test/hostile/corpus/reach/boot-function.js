// expect: ok
if (typeof __floraBoot !== "undefined") throw new Error("it is still there");
return "gone";

// expect: ok
if (typeof WebAssembly !== "undefined") throw new Error("there is WebAssembly");
return "none";

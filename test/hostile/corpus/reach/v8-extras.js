// expect: ok
const found = ["gc", "%", "internalBinding", "v8", "extrasBinding"].filter((n) => n in globalThis);
if (found.length) throw new Error(found.join());
if (typeof console.context === "function" || "memory" in console) throw new Error("V8's own console");
return "none";

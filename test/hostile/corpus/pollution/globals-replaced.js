// expect: ok
for (const k of ["fetch", "setTimeout", "console", "Promise", "Object", "Array", "JSON", "Map", "on", "store", "kv"]) globalThis[k] = null;
return "null";

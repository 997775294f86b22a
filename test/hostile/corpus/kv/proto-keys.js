// expect: ok
const s = store("protos");
for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty", "then"]) await s.set(key, key, { metadata: JSON.parse('{"__proto__": {"polluted": 1}}') });
const { keys } = await s.list();
if (keys.length !== 5 || {}.polluted) throw new Error(JSON.stringify(keys));
return keys.length;

// expect: type
const name = "file:" + "///etc/passwd";
await import(name);

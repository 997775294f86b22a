// expect: type
await Function("n", "return import(n)")("file:///etc/passwd");

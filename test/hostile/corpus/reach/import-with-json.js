// expect: type
await Function("n", "return import(n, { with: { type: 'json' } })")("file:///etc/hostname");

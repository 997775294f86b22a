// expect: type, cpu, ok, kill
return new RegExp("(a)".repeat(30000)).test("a".repeat(30000));

// expect: type, cpu, ok, kill
return new RegExp("[\\u0000-\\u{10ffff}]{1000}", "iu").test("a".repeat(999));

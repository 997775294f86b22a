// expect: cpu, ok
return /a*b/.test("a".repeat(1e6));

// expect: cpu
return /^(?=(a+)+b)a*\1$/.test("a".repeat(40));

// expect: cpu
return /(.*)*\1x/.test("a".repeat(40));

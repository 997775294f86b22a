// expect: cpu, ok
return /^([\p{L}--[a-b]]|[\p{L}])+$/v.test("c".repeat(40) + "1");

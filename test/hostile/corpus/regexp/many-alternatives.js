// expect: type, cpu, ok, kill
return new RegExp(Array.from({ length: 1e5 }, (_, i) => "a" + i).join("|")).test("b".repeat(1000));

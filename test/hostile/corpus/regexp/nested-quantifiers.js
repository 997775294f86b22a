// expect: type, cpu, ok, kill
return new RegExp("((a{100}){100}){100}").test("a".repeat(100));

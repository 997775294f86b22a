// expect: type, cpu, ok
return new RegExp("(?:a{1000}){1000}{1000}".replace("{1000}{1000}", "{1000}")).test("a".repeat(1e6));

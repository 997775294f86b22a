// expect: cpu, ok
return ("a".repeat(40) + "b").split(/(a+)+$/).length;

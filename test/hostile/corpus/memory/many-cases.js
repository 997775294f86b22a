// expect: type, cpu, mem, ok
return Function("switch (1) {" + Array.from({ length: 5e4 }, (_, i) => "case x" + i + ": 1;").join("") + "}")();

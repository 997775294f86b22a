// expect: type
throw Symbol("s");

// expect: type
throw 1n;

// expect: type
throw null;

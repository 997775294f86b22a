// expect: type
throw Object.create(null);

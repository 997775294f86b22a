// expect: type
throw new Error("\u0000".repeat(1000));

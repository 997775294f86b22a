// expect: type
throw new Error("\ud800".repeat(1000) + "\udfff");

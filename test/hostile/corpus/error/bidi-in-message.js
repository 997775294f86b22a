// expect: type
throw new Error("\u202egnirts\u2066");

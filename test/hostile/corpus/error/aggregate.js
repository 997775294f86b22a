// expect: type
throw new AggregateError(Array.from({ length: 10000 }, (_, i) => new Error("e" + i)), "many");

// expect: type
const a = new AggregateError([], "cycle");
a.errors.push(a);
throw a;

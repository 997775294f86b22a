// expect: type
return new Float64Array(2 ** 29).length;

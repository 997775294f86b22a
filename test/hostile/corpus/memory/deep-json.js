// expect: type
let s = "[".repeat(100000) + "]".repeat(100000);
return JSON.stringify(JSON.parse(s)).length;

// expect: cpu, kill, mem, type, ok
return String.fromCharCode.apply(null, new Array(120000).fill(65)).length;

// expect: cpu, kill, mem
return "a".repeat(2 ** 26).match(/a/g).length;

// expect: cpu, kill, mem
return "a".repeat(2 ** 24).replace(/a/g, () => "bb").length;

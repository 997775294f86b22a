// expect: cpu, kill, mem, type, ok
return JSON.parse("[" + "1,".repeat(2 ** 24) + "1]").length;

// expect: cpu, mem, kill
for (let i = 0; ; i++) new RegExp("(?<n" + i + ">a)").exec("a");

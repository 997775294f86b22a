// expect: cpu
for (let i = 0; ; i++) new Date(i).toLocaleString();

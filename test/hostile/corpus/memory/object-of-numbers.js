// expect: mem, cpu, kill
const o = {};
for (let i = 0; ; i += 1000) o[i] = i;

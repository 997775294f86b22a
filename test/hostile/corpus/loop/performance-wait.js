// expect: cpu, type
const end = performance.now() + 60000;
while (performance.now() < end);

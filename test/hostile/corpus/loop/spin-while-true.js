// expect: cpu
let n = 0;
while (true) n++;

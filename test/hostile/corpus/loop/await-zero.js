// expect: cpu
for (;;) await 0;

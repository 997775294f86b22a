// What a stopped turn left behind may run again, in turns of its own.
// expect: cpu
setTimeout(() => { for (;;); }, 1);
for (;;);

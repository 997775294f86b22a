// expect: cpu
outer: for (;;) { for (;;) continue outer; }

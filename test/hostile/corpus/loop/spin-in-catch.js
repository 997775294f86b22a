// expect: cpu
for (;;) try { throw 1; } catch { for (;;); }

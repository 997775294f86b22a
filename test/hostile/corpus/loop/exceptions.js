// expect: cpu
for (;;) try { null.x; } catch { }

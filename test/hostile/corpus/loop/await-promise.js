// expect: cpu, mem
for (;;) await new Promise((r) => r());

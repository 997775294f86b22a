// Sleep costs no CPU; the wall limit ends the handler.
// expect: cpu
// log: did not finish within
for (;;) await new Promise((r) => setTimeout(r, 10));

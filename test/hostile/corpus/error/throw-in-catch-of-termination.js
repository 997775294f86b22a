// expect: cpu
try { for (;;); } catch (e) { throw new Error("caught the termination"); }

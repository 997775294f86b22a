// expect: cpu
(async () => { try { for (;;); } finally { await 0; console.log("finished: it goes on"); } })();

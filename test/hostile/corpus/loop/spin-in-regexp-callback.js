// expect: cpu
"aaaa".replace(/a/g, () => { for (;;); });

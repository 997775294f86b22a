// expect: cpu
JSON.parse("[1]", () => { for (;;); });

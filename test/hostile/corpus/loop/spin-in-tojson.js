// expect: cpu
JSON.stringify({ toJSON() { for (;;); } });

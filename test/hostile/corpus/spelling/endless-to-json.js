// expect: cpu
await rest.sendMessage({ toJSON() { for (;;); } });

// expect: ok
for (let i = 0; i < 100; i++) await store("empty").list({ limit: 1000, prefix: "x" });
return 1;

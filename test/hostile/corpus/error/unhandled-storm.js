// expect: type, rate
for (let i = 0; i < 10000; i++) Promise.reject(new Error("storm " + i));
await new Promise((r) => setTimeout(r, 200));

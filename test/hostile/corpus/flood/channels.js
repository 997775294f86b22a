// expect: rate, cpu, type, ok
for (let i = 0; i < 600; i++) await rest.createChannel({ payload: { name: "c" + i } });

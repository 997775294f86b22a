// expect: deny, cpu, rate, type
for (let i = 0; i < 500; i++) { const code = await tried(() => rest.fetchChannel({ channelId: String(10n ** 17n + BigInt(i)) })); if (code === "fine") throw new Error("found"); }
return "denied";

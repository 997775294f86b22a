// Each would be a 403 of the whole bot's; none may reach Discord.
// expect: deny, cpu, rate
for (let i = 0; i < 3000; i++) await tried(() => rest.fetchChannel({ channelId: IDS.channel }));
return "denied";

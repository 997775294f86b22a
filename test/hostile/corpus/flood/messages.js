// A loop of messages; without limits at Discord only the handler's time ends it.
// expect: rate, ok, cpu, type
for (let i = 0; i < 10000; i++) await rest.sendMessage({ channelId: IDS.ownChannel, content: "m" + i });

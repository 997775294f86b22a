// expect: type, mem, cpu, rate, kill
await rest.sendMessage({ channelId: IDS.ownChannel, content: "x".repeat(2e7) });

// expect: type, cpu, rate
await rest.sendMessage({ channelId: IDS.ownChannel, content: "x", embeds: Array.from({ length: 1e5 }, () => ({ title: "x" })) });

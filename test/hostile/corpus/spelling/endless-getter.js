// expect: cpu
await rest.sendMessage({ get channelId() { for (;;); } });

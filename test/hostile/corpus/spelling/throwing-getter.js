// expect: type
await rest.sendMessage({ get channelId() { throw new RangeError("no"); } });

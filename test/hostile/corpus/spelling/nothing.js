// expect: type
await rest.sendMessage();

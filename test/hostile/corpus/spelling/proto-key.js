// expect: type
const args = JSON.parse('{"__proto__": {"channelId": "' + IDS.channel + '"}, "constructor": {"channelId": "' + IDS.channel + '"}, "content": "x"}');
await rest.sendMessage(args);

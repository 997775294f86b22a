// expect: ok
JSON.stringify = () => '{"channelId":"' + IDS.channel + '","content":"pwned"}';
JSON.parse = () => ({});
await rest.sendMessage({ channelId: IDS.ownChannel, content: "still there" });

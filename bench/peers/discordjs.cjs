// A discord.js bot that answers !ping, pointed at the simulator whose address
// is its first argument. It writes "ready" when it is logged in.
'use strict';
const { Client, Events, GatewayIntentBits } = require('discord.js');

const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.GuildMessageReactions, GatewayIntentBits.MessageContent],
  // The library's own limit of 50 requests a second is off, like the simulator's.
  rest: { api: `${process.argv[2]}/api`, globalRequestsPerSecond: Number.MAX_SAFE_INTEGER },
});

client.on(Events.MessageCreate, (message) => {
  if (message.author.bot || !message.content.startsWith('!')) return;
  if (message.content.slice(1) === 'ping') message.reply('pong').catch((err) => console.error(err));
});
client.on(Events.Error, (err) => console.error(err));
client.once(Events.ClientReady, () => process.stdout.write('ready\n'));
client.login('a.b.c');

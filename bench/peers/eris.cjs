// An eris bot that answers !ping, pointed at the simulator whose address is its
// first argument. It writes "ready" when it is logged in.
'use strict';
const http = require('node:http');
const Eris = require('eris');

const base = new URL(process.argv[2]);

// eris always speaks HTTPS; its option for an agent lets it do without TLS on loopback.
const agent = Object.assign(new http.Agent({ keepAlive: true }), { protocol: 'https:', defaultPort: Number(base.port) });

const client = new Eris.Client('Bot a.b.c', {
  intents: ['guilds', 'guildMessages', 'guildMessageReactions', 'messageContent'],
  rest: { agent, domain: base.hostname },
});

client.on('messageCreate', (message) => {
  if (message.author.bot || !message.content.startsWith('!')) return;
  if (message.content.slice(1) !== 'ping') return;
  client.createMessage(message.channel.id, { content: 'pong', messageReference: { messageID: message.id } }).catch((err) => console.error(err));
});
client.on('error', (err) => console.error(err));
client.once('ready', () => process.stdout.write('ready\n'));
client.connect();

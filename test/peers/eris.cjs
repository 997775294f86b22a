// An eris bot of a few features, pointed at the API whose address is its first
// argument. It writes one JSON line for everything that a test waits for.
'use strict';
const http = require('node:http');
const Eris = require('eris');

const { Constants } = Eris;
const base = new URL(process.argv[2]);
const say = (event, more) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

// eris always speaks HTTPS; its option for an agent lets it do without TLS on loopback.
const agent = Object.assign(new http.Agent({ keepAlive: true }), { protocol: 'https:', defaultPort: Number(base.port) });

const client = new Eris.Client('Bot a.b.c', {
  intents: ['guilds', 'guildMessages', 'messageContent'],
  maxShards: 'auto',
  restMode: true,
  rest: { agent, domain: base.hostname },
});

const commands = [
  {
    name: 'greet', description: 'Greets somebody', type: Constants.ApplicationCommandTypes.CHAT_INPUT,
    options: [
      { name: 'who', description: 'Whom', type: Constants.ApplicationCommandOptionTypes.USER, required: true },
      { name: 'times', description: 'How often', type: Constants.ApplicationCommandOptionTypes.INTEGER, min_value: 1, max_value: 3 },
    ],
  },
  { name: 'slow', description: 'Answers later', type: 1 },
  { name: 'panel', description: 'Shows components', type: 1 },
];

const panel = {
  content: 'a panel',
  components: [
    { type: 1, components: [{ type: 2, style: 1, label: 'Press', custom_id: 'press' }, { type: 2, style: 2, label: 'Ask', custom_id: 'ask' }] },
    { type: 1, components: [{ type: 3, custom_id: 'pick', options: [{ label: 'Red', value: 'red' }, { label: 'Blue', value: 'blue' }] }] },
  ],
};

const modal = {
  title: 'A form', custom_id: 'form',
  components: [{ type: 1, components: [{ type: 4, custom_id: 'name', label: 'Name', style: 1 }] }],
};

const option = (i, name) => (i.data.options ?? []).find((o) => o.name === name)?.value;

const handlers = {
  greet: (i) => i.createMessage(`hello ${i.data.resolved.users.get(option(i, 'who')).username} x${option(i, 'times') ?? 1}`),
  slow: async (i) => {
    await i.defer(Constants.MessageFlags.EPHEMERAL);
    await i.editOriginalMessage('at last');
    await i.createFollowup({ content: 'and more', flags: Constants.MessageFlags.EPHEMERAL });
  },
  panel: (i) => i.createMessage(panel),
  press: (i) => i.editParent({ content: `pressed by ${i.member.username}`, components: [] }),
  ask: (i) => i.createModal(modal),
  pick: (i) => i.createMessage({ content: `picked ${i.data.values.join()}`, flags: Constants.MessageFlags.EPHEMERAL }),
  form: (i) => i.createMessage(`form says ${i.data.components[0].components[0].value}`),
};

client.on('ready', async () => {
  for (const guild of client.guilds.values()) await client.bulkEditGuildCommands(guild.id, commands);
  say('ready', { user: client.user.id, guilds: client.guilds.size });
});
client.on('shardResume', (shard) => say('resumed', { shard }));
client.on('messageCreate', async (message) => {
  if (message.author.bot) return;
  if (message.content === '!ping') {
    await client.createMessage(message.channel.id, { content: 'pong', messageReference: { messageID: message.id } });
  }
  if (message.content === '!react') {
    await message.addReaction('👍');
    await message.pin();
    const thread = await message.createThreadWithMessage({ name: 'a thread', autoArchiveDuration: 60 });
    await thread.createMessage(`in ${thread.name}`);
  }
});
client.on('interactionCreate', async (i) => {
  await handlers[i.data.name ?? i.data.custom_id](i);
});
client.on('error', (error) => say('problem', { message: String(error) }));

process.on('unhandledRejection', (error) => say('error', { message: String(error.stack) }));
process.stdin.on('end', () => { client.disconnect({ reconnect: false }); process.exit(0); }).resume();
client.connect();

// A discord.js bot of a few features, pointed at the API whose address is its
// first argument. It writes one JSON line for everything that a test waits for.
'use strict';
const {
  Client, Events, GatewayIntentBits, ActionRowBuilder, ButtonBuilder, ButtonStyle, ModalBuilder, MessageFlags,
  SlashCommandBuilder, StringSelectMenuBuilder, TextInputBuilder, TextInputStyle,
} = require('discord.js');

const say = (event, more) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
  shards: 'auto',
  rest: { api: `${process.argv[2]}/api` },
});

const commands = [
  new SlashCommandBuilder().setName('greet').setDescription('Greets somebody')
    .addUserOption((o) => o.setName('who').setDescription('Whom').setRequired(true))
    .addIntegerOption((o) => o.setName('times').setDescription('How often').setMinValue(1).setMaxValue(3)),
  new SlashCommandBuilder().setName('slow').setDescription('Answers later'),
  new SlashCommandBuilder().setName('panel').setDescription('Shows components'),
];

function panel() {
  return {
    content: 'a panel',
    components: [
      new ActionRowBuilder().addComponents(
        new ButtonBuilder().setCustomId('press').setLabel('Press').setStyle(ButtonStyle.Primary),
        new ButtonBuilder().setCustomId('ask').setLabel('Ask').setStyle(ButtonStyle.Secondary),
      ),
      new ActionRowBuilder().addComponents(
        new StringSelectMenuBuilder().setCustomId('pick').addOptions({ label: 'Red', value: 'red' }, { label: 'Blue', value: 'blue' }),
      ),
    ],
  };
}

function modal() {
  return new ModalBuilder().setCustomId('form').setTitle('A form').addComponents(
    new ActionRowBuilder().addComponents(new TextInputBuilder().setCustomId('name').setLabel('Name').setStyle(TextInputStyle.Short)),
  );
}

const handlers = {
  greet: (i) => i.reply(`hello ${i.options.getUser('who').username} x${i.options.getInteger('times') ?? 1}`),
  slow: async (i) => {
    await i.deferReply({ flags: MessageFlags.Ephemeral });
    await i.editReply('at last');
    await i.followUp({ content: 'and more', flags: MessageFlags.Ephemeral });
  },
  panel: (i) => i.reply(panel()),
  press: (i) => i.update({ content: `pressed by ${i.user.username}`, components: [] }),
  ask: (i) => i.showModal(modal()),
  pick: (i) => i.reply({ content: `picked ${i.values.join()}`, flags: MessageFlags.Ephemeral }),
  form: (i) => i.reply(`form says ${i.fields.getTextInputValue('name')}`),
};

client.once(Events.ClientReady, async (c) => {
  for (const guild of c.guilds.cache.values()) await guild.commands.set(commands);
  say('ready', { user: c.user.id, guilds: c.guilds.cache.size });
});
client.on(Events.ShardResume, (shard, replayed) => say('resumed', { shard, replayed }));
client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot) return;
  if (message.content === '!ping') await message.reply('pong');
  if (message.content === '!react') {
    await message.react('👍');
    await message.pin();
    const thread = await message.startThread({ name: 'a thread' });
    await thread.send(`in ${thread.name}`);
  }
});
client.on(Events.InteractionCreate, async (i) => {
  await handlers[i.isChatInputCommand() ? i.commandName : i.customId](i);
});
client.on(Events.Error, (error) => say('error', { message: String(error) }));

process.on('unhandledRejection', (error) => say('error', { message: String(error.stack) }));
process.stdin.on('end', () => client.destroy().then(() => process.exit(0))).resume();
client.login('a.b.c');

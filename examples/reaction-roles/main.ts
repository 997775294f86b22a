// Who reacts to a message gets a role, who takes the reaction back loses it.

const roles = kv.store("reaction-roles");

function keyOf(messageId: string, emoji: flora.Emoji): string {
  return `${messageId}:${emoji.id ?? emoji.name}`;
}

createBot({
  slashCommands: [
    slash({
      name: "reaction-role",
      description: "Ties a role to a reaction",
      permissions: ["ManageRoles"],
      options: [
        { name: "message", description: "The id of a message in this channel", required: true },
        { name: "emoji", description: "Which reaction", required: true },
        { name: "role", description: "Which role", type: "role", required: true },
      ],
      run: async (ctx) => {
        const { message, emoji, role } = ctx.options;
        const custom = /^<a?:(\w+):(\d+)>$/.exec(emoji);
        await rest.addReaction({ channelId: ctx.channelId, messageId: message, emoji });
        await roles.set(keyOf(message, custom === null ? { name: emoji } : { id: custom[2]!, name: custom[1]! }), role.id);
        await ctx.reply({ content: `${emoji} gives <@&${role.id}>.`, ephemeral: true });
      },
    }),
  ],
});

on("reactionAdd", async (ctx) => {
  const { userId, messageId, emoji } = ctx.msg;
  if (userId === null || userId === flora.applicationId) return;
  const roleId = await roles.get(keyOf(messageId, emoji));
  if (roleId !== null) await rest.addMemberRole({ userId, roleId, reason: "reaction role" });
});

on("reactionRemove", async (ctx) => {
  const { userId, messageId, emoji } = ctx.msg;
  if (userId === null || userId === flora.applicationId) return;
  const roleId = await roles.get(keyOf(messageId, emoji));
  if (roleId !== null) await rest.removeMemberRole({ userId, roleId, reason: "reaction role" });
});

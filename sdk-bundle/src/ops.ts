// The wire document of every op that the SDK calls. Control's handlers
// (v8ops) implement exactly this table.
//
// An op takes ONE JSON object with camelCase keys and answers one JSON value
// ("-" is nothing: undefined). Keys marked ? may be absent; null means absent
// unless it says otherwise. Unknown keys of the envelope are ignored, unknown
// keys inside a body (embeds, components, payload, modal, commands) go to
// Discord as they are. Ids are decimal strings. The SDK never adds a key that
// is not in this table; `rest` passes on what the author gave. A guild id is
// never needed: guildId? is the caller's own when absent, and refused when it
// is another's. Builders are JSON already when they get here.
//
// MESSAGE stands for: content?, embeds?, attachments?, components?,
// allowedMentions?, flags? and Discord's other members of a message body
// (poll, stickerIds, nonce, ...). At least one of content, embeds,
// attachments, components, poll, stickerIds must be there to have something
// to send; an edit takes "" and [] as "remove".
//   embeds        Discord's embed; iconUrl is read like icon_url.
//   attachments   {Url|url: {url, filename?, description?}},
//                 {Base64|base64: {data, filename?, description?}},
//                 or the inner objects alone ({url, ...}, {data, ...}).
//   components    Discord's, snake_case; bare buttons and selects at the top
//                 level are wrapped in a row.
//   allowedMentions  {parse?, users?, roles?, repliedUser?} (replied_user too).
//   flags         integer. ephemeral: true is OR'ed into it (64), never lost.
// COMMAND stands for {name, description?, type?, options?, ...}: type is
//   "chat_input" | "user" | "message" or Discord's number; an option's type is
//   "string" "integer" "number" "boolean" "subcommand" "subcommand_group"
//   "user" "channel" "role" "mentionable" "attachment" or Discord's number
//   (key `kind` is read like `type`, absent is "string", anything else is
//   INVALID_INPUT). Either spelling of: nameLocalizations,
//   descriptionLocalizations, defaultMemberPermissions (decimal string or
//   null), minValue, maxValue, minLength, maxLength, channelTypes. choices,
//   autocomplete, required, nsfw, contexts, integrationTypes as at Discord.
//   The document of the `commands` native is an array of COMMAND, too.
//
// op                                      arguments                                                result
// -- messages (rule: channel)
// op_send_message                         channelId, MESSAGE, tts?, replyTo?, messageId? (old name of replyTo, which wins)
//                                                                                                  Message
// op_edit_message                         channelId, messageId, MESSAGE                            Message
// op_delete_message                       channelId, messageId, reason?                            -
// op_bulk_delete_messages                 channelId, messageIds[1..100], reason?                   -
// op_pin_message, op_unpin_message        channelId, messageId, reason?                            -
// op_crosspost_message                    channelId, messageId                                     Message
// op_fetch_message                        channelId, messageId                                     Message
// op_fetch_messages                       channelId, limit? (1..100), before?, after?, around?     Message[]
// op_add_reaction                         channelId, messageId, emoji                              -
// op_remove_reaction                      channelId, messageId, emoji, userId? (absent: own)       -
// op_clear_reactions                      channelId, messageId, emoji? (absent: all)               -
//   emoji: "👍", "<:name:id>", "<a:name:id>", "name:id" or {id?, name}
// -- interactions (rule: interaction)
// op_send_interaction_response            interactionId, token, MESSAGE, tts?, ephemeral?          Message (callback type 4 with_response)
// op_defer_interaction_response           interactionId, token, ephemeral?, flags?                 - (type 5)
// op_update_interaction_response          interactionId, token, MESSAGE                            Message (type 7 with_response)
// op_defer_interaction_update             interactionId, token                                     - (type 6)
// op_show_modal                           interactionId, token, modal: {custom_id|customId, title, components}
//                                                                                                  - (type 9)
// op_send_autocomplete_result             interactionId, token, choices: {name, value, ...}[0..25] - (type 8)
// op_fetch_original_interaction_response  token                                                    Message
// op_edit_original_interaction_response   token, MESSAGE                                           Message
// op_delete_original_interaction_response token                                                    -
// op_create_followup_message              token, MESSAGE, tts?, ephemeral?                         Message
// op_fetch_followup_message               token, messageId                                         Message
// op_edit_followup_message                token, messageId, MESSAGE                                Message
// op_delete_followup_message              token, messageId                                         -
// -- commands (rule: guild)
// op_upsert_guild_commands                guildId?, commands: COMMAND[]                            Command[]
// op_create_guild_command                 guildId?, command: COMMAND                               Command
// op_edit_guild_command                   guildId?, commandId, command: part of COMMAND            Command
// op_delete_guild_command                 guildId?, commandId                                      -
// op_get_guild_commands                   guildId?                                                 Command[]
// op_get_guild_command                    guildId?, commandId                                      Command
// op_edit_guild_command_permissions       guildId?, commandId, permissions                         object
// op_get_guild_commands_permissions       guildId?                                                 array
// op_get_guild_command_permissions        guildId?, commandId                                      object
// -- guild, members and roles (rule: guild)
// op_fetch_guild, op_fetch_roles           guildId?, withCounts? / guildId?                         Guild / Role[]
// op_kick_member                          guildId?, userId, reason?                                -
// op_ban_member                           guildId?, userId, deleteMessageSeconds?, reason?         -
// op_unban_member                         guildId?, userId, reason?                                -
// op_add_member_role, op_remove_member_role  guildId?, userId, roleId, reason?                     -
// op_fetch_member, op_fetch_members        guildId?, userId / guildId?, limit? (1..1000), after?    Member / Member[]
// op_edit_member                          guildId?, userId, payload (Discord's body), reason?      Member
// op_edit_current_member                  guildId?, payload, reason?                               Member
// -- channels and threads (rule: guild, channel, thread)
// op_fetch_channel, op_fetch_channels      channelId / guildId?                                     Channel / Channel[]
// op_create_channel                       guildId?, payload, reason?                               Channel
// op_edit_channel                         channelId, payload, reason?                              Channel
// op_delete_channel                       channelId, reason?                                       Channel
// op_create_thread                        channelId, payload, reason?                              Channel
// op_create_thread_from_message           channelId, messageId, payload, reason?                   Channel
// op_join_thread, op_leave_thread         threadId                                                 -
// op_add_thread_member, op_remove_thread_member  threadId, userId                                  -
// -- webhooks (rule: webhook)
// op_execute_webhook                      webhookId, token, wait?, threadId?, withComponents?, MESSAGE, tts?, username?, avatarUrl?, threadName?
//                                                                                                  Message, or null without wait
// op_edit_webhook                         webhookId, token?, payload, reason?                      Webhook
// op_delete_webhook                       webhookId, token?, reason?                               -
// -- key-value (rule: self)
// op_kv_get                               store, key                                               string | null
// op_kv_get_with_metadata                 store, key                                               {value: string | null, metadata: any, expiration: number | null}
// op_kv_set                               store, key, value, expiration?, metadata?                -
// op_kv_update_metadata                   store, key, metadata (null or absent clears)             -
// op_kv_delete                            store, key                                               -
// op_kv_list_keys                         store, prefix?, limit? (1..1000), cursor?                {keys: {name, expiration?, metadata?}[], listComplete, cursor?}
//   expiration: unix seconds, integer. metadata: any JSON.
import { callOp } from "./host";
import { ObjectDefineProperty, charCodeAt, slice, toUpperCase } from "./primordials";

/** Names after "op_"; each is also a member of `rest` in camelCase. */
const restOps = [
  // Messages.
  "send_message",
  "edit_message",
  "delete_message",
  "bulk_delete_messages",
  "pin_message",
  "unpin_message",
  "crosspost_message",
  "fetch_message",
  "fetch_messages",
  "add_reaction",
  "remove_reaction",
  "clear_reactions",
  // Interactions.
  "send_interaction_response",
  "defer_interaction_response",
  "update_interaction_response",
  "defer_interaction_update",
  "show_modal",
  "send_autocomplete_result",
  "fetch_original_interaction_response",
  "edit_original_interaction_response",
  "delete_original_interaction_response",
  "create_followup_message",
  "fetch_followup_message",
  "edit_followup_message",
  "delete_followup_message",
  // Commands.
  "upsert_guild_commands",
  "create_guild_command",
  "edit_guild_command",
  "delete_guild_command",
  "get_guild_commands",
  "get_guild_command",
  "edit_guild_command_permissions",
  "get_guild_commands_permissions",
  "get_guild_command_permissions",
  // Guild, members and roles.
  "fetch_guild",
  "fetch_roles",
  "fetch_member",
  "fetch_members",
  "kick_member",
  "ban_member",
  "unban_member",
  "add_member_role",
  "remove_member_role",
  "edit_member",
  "edit_current_member",
  // Channels and threads.
  "fetch_channel",
  "fetch_channels",
  "create_channel",
  "edit_channel",
  "delete_channel",
  "create_thread",
  "create_thread_from_message",
  "join_thread",
  "leave_thread",
  "add_thread_member",
  "remove_thread_member",
  // Webhooks.
  "execute_webhook",
  "edit_webhook",
  "delete_webhook",
] as const;

function camel(name: string): string {
  let out = "";
  for (let i = 0; i < name.length; i++) {
    if (charCodeAt(name, i) !== 95) out += name[i];
    else out += toUpperCase(slice(name, ++i, i + 1));
  }
  return out;
}

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** One function for each op of Discord's REST API. */
export const rest = {} as Record<Camel<(typeof restOps)[number]>, (args?: object) => Promise<any>>;

for (let i = 0; i < restOps.length; i++) {
  const op = "op_" + restOps[i]!;
  const name = camel(restOps[i]!);
  const call = (args?: object) => callOp(op, args ?? {});
  ObjectDefineProperty(call, "name", { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  rest[name as keyof typeof rest] = call;
}

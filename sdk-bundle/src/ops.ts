// What the ops that the SDK calls take, as one document for both sides of the
// wire.
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
// The ops of Discord's API, their arguments, confinement and results are the
// rows of v8ops/endpoint; docs/rest.md lists them. Bytes (typed arrays and
// array buffers) are base64 text when they get to control.
//
// op                                      arguments                                                result
// -- key-value (rule: self)
// op_kv_get                               store, key                                               string | null
// op_kv_get_with_metadata                 store, key                                               ENTRY
// op_kv_get_many                          store, keys[]                                            ENTRY[], in the order of the keys
// op_kv_set                               store, key, value, expiration?, ttl?, metadata?,         {version}
//                                         ifVersion?, ifAbsent?
// op_kv_write                             store, set?: {what op_kv_set takes}[],                   {version}: of all that was set, 0 when nothing changed
//                                         delete?: {key, ifVersion?}[]
// op_kv_increment                         store, key, by? (1), start? (0), expiration?, ttl?       number
// op_kv_update_metadata                   store, key, metadata (null or absent clears)             -
// op_kv_delete                            store, key, ifVersion?                                   -
// op_kv_list_keys                         store, prefix?, limit? (1..1000), cursor?                {keys: {name, expiration?, metadata?}[], listComplete, cursor?}
//   ENTRY is {value: string | null, metadata: any, expiration: number | null, version: number | null}.
//   ttl: seconds from now, not with expiration. ifVersion, ifAbsent: else CONFLICT with {key, version: number | null}.
//   expiration: unix seconds, integer. metadata: any JSON.
import { ops } from "./endpoints";
import { callOp } from "./host";
import { ObjectDefineProperty, charCodeAt, slice, toUpperCase } from "./primordials";

function camel(name: string): string {
  let out = "";
  for (let i = 0; i < name.length; i++) {
    if (charCodeAt(name, i) !== 95) out += name[i];
    else out += toUpperCase(slice(name, ++i, i + 1));
  }
  return out;
}

/** One function for each op of Discord's REST API. */
export const rest = {} as Record<string, (args?: object) => Promise<any>>;

for (let i = 0; i < ops.length; i++) {
  const op = "op_" + ops[i]!;
  const name = camel(ops[i]!);
  const call = (args?: object) => callOp(op, args ?? {});
  ObjectDefineProperty(call, "name", { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
  rest[name] = call;
}

// As much of Discord as a bot talks to in a unit test: messages, interactions
// and their answers, members, roles and channels, all in memory.
import type { TestMessage } from "../index";
import { type Ids, type Person, type Role, apiMember, roleOf } from "./people";
import { Refusal, refused } from "./refusal";

export type { TestMessage };

/** An interaction and what has come of it. */
export interface Asked {
  id: string;
  token: string;
  user: string;
  channelId: string;
  source: TestMessage | undefined;
  state: "open" | "deferred" | "answered";
  original: TestMessage | undefined;
  ephemeral: boolean;
  modal: any;
  choices: any[] | undefined;
}

const ephemeralFlag = 64;

export class Discord {
  readonly ids: Ids;
  readonly people = new Map<string, Person>();
  readonly roles = new Map<string, Role>();
  readonly channels = new Map<string, any>();
  readonly messages = new Map<string, TestMessage>();
  readonly banned = new Map<string, string | undefined>();
  readonly asked = new Map<string, Asked>();
  /** What the bot has sent, in order. */
  readonly sent: TestMessage[] = [];
  readonly guildId: string;
  readonly botId: string;
  readonly ownerId: string;

  constructor(ids: Ids, guildId: string, botId: string, ownerId: string) {
    this.ids = ids;
    this.guildId = guildId;
    this.botId = botId;
    this.ownerId = ownerId;
  }

  add(channelId: string, author: string, body: any): TestMessage {
    const flags = Number(body.flags ?? 0) | (body.ephemeral === true ? ephemeralFlag : 0);
    const m: TestMessage = {
      id: this.ids.next(), channelId, author, content: body.content ?? "", embeds: body.embeds ?? [], components: body.components ?? [], attachments: body.attachments ?? [],
      flags, ephemeral: (flags & ephemeralFlag) !== 0, replyTo: body.replyTo ?? body.messageId ?? null, reactions: [], pinned: false, deleted: false, body,
    };
    this.messages.set(m.id, m);
    if (author === this.botId) this.sent.push(m);
    return m;
  }

  edit(m: TestMessage, body: any): any {
    for (const key of ["content", "embeds", "components", "attachments"] as const) if (body[key] !== undefined && body[key] !== null) (m as any)[key] = body[key];
    m.body = { ...m.body, ...body };
    return this.json(m);
  }

  /** A message as the REST API answers it. */
  json(m: TestMessage): any {
    return {
      id: m.id, channel_id: m.channelId, content: m.content, embeds: m.embeds, components: m.components, attachments: m.attachments, flags: m.flags, pinned: m.pinned, type: m.replyTo === null ? 0 : 19,
      author: { id: m.author, username: this.people.get(m.author)?.username ?? "bot", bot: m.author === this.botId }, timestamp: "2026-01-01T00:00:00.000000+00:00", edited_timestamp: null,
      mentions: [], mention_roles: [], reactions: m.reactions.map((name) => ({ count: 1, me: true, emoji: { id: null, name } })),
      ...(m.replyTo === null ? {} : { message_reference: { message_id: m.replyTo, channel_id: m.channelId } }),
    };
  }

  message(id: unknown): TestMessage {
    const m = this.messages.get(String(id));
    if (m === undefined || m.deleted) throw refused(404, 10008, "Unknown Message");
    return m;
  }

  person(id: unknown): Person {
    const p = this.people.get(String(id));
    if (p === undefined) throw refused(404, 10007, "Unknown Member");
    return p;
  }

  #channel(id: unknown): any {
    const c = this.channels.get(String(id));
    if (c === undefined) throw new Refusal("SCOPE_FORBIDDEN", "Forbidden: the channel is not this guild's, or does not exist");
    return c;
  }

  #interaction(token: unknown): Asked {
    const i = this.asked.get(String(token));
    if (i === undefined) throw new Refusal("SCOPE_FORBIDDEN", "Forbidden: the interaction is not this guild's, or does not exist");
    return i;
  }

  /** The first answer to an interaction; Discord takes one. */
  #first(token: unknown, next: "deferred" | "answered"): Asked {
    const i = this.#interaction(token);
    if (i.state !== "open") throw refused(400, 40060, "Interaction has already been acknowledged");
    i.state = next;
    return i;
  }

  #original(token: unknown): TestMessage {
    const { original, state } = this.#interaction(token);
    if (state === "open") throw refused(404, 10015, "Unknown Webhook");
    if (original === undefined || original.deleted) throw refused(404, 10008, "Unknown Message");
    return original;
  }

  /** Answers an op; undefined for what the table does not have. */
  answer(op: string, a: any): { result: unknown } | undefined {
    const f = answers[op];
    return f === undefined ? undefined : { result: f(this, a) };
  }

  /** The table's way to the private parts. */
  static readonly parts = {
    channel: (d: Discord, id: unknown) => d.#channel(id),
    interaction: (d: Discord, token: unknown) => d.#interaction(token),
    first: (d: Discord, token: unknown, next: "deferred" | "answered") => d.#first(token, next),
    original: (d: Discord, token: unknown) => d.#original(token),
  };
}

const { channel, interaction, first, original } = Discord.parts;

function remove(m: TestMessage): undefined {
  m.deleted = true;
  return undefined;
}

function emojiText(e: any): string {
  return typeof e === "string" ? e : e.id ? `${e.name}:${e.id}` : e.name;
}

const answers: Record<string, (d: Discord, a: any) => unknown> = {
  op_send_message(d, a) {
    channel(d, a.channelId);
    const { channelId, ...body } = a;
    if (!body.content && !body.embeds?.length && !body.components?.length && !body.attachments?.length && !body.poll && !body.stickerIds) throw new Refusal("INVALID_INPUT", "Invalid input for content: there is nothing to send");
    return d.json(d.add(channelId, d.botId, body));
  },
  op_edit_message: (d, { channelId: _, messageId, ...body }) => d.edit(d.message(messageId), body),
  op_delete_message: (d, a) => remove(d.message(a.messageId)),
  op_bulk_delete_messages(d, a) {
    for (const id of a.messageIds) {
      const m = d.messages.get(id);
      if (m !== undefined) m.deleted = true;
    }
  },
  op_pin_message: (d, a) => void (d.message(a.messageId).pinned = true),
  op_unpin_message: (d, a) => void (d.message(a.messageId).pinned = false),
  op_fetch_message: (d, a) => d.json(d.message(a.messageId)),
  op_fetch_messages: (d, a) =>
    [...d.messages.values()]
      .filter((m) => m.channelId === a.channelId && !m.deleted && !m.ephemeral && (a.before === undefined || BigInt(m.id) < BigInt(a.before)) && (a.after === undefined || BigInt(m.id) > BigInt(a.after)))
      .reverse()
      .slice(0, a.limit ?? 50)
      .map((m) => d.json(m)),
  op_add_reaction: (d, a) => void d.message(a.messageId).reactions.push(emojiText(a.emoji)),
  op_remove_reaction(d, a) {
    const m = d.message(a.messageId);
    if (a.userId === undefined) m.reactions = m.reactions.filter((e) => e !== emojiText(a.emoji));
  },
  op_clear_reactions: (d, a) => void (d.message(a.messageId).reactions = []),
  op_trigger_typing: (d, a) => void channel(d, a.channelId),

  op_send_interaction_response(d, { interactionId: _, token, ...body }) {
    const i = first(d, token, "answered");
    return d.json((i.original = d.add(i.channelId, d.botId, body)));
  },
  op_defer_interaction_response(d, a) {
    const i = first(d, a.token, "deferred");
    i.ephemeral = a.ephemeral === true || (Number(a.flags ?? 0) & ephemeralFlag) !== 0;
  },
  op_defer_interaction_update(d, a) {
    const i = first(d, a.token, "answered");
    i.original = i.source;
  },
  op_update_interaction_response(d, { interactionId: _, token, ...body }) {
    const i = first(d, token, "answered");
    if (i.source === undefined) throw refused(400, 50035, "there is no message to update");
    i.original = i.source;
    return d.edit(i.source, body);
  },
  op_show_modal(d, a) {
    const { custom_id, customId, title, components } = a.modal ?? {};
    for (const [name, text] of [["customId", custom_id ?? customId], ["title", title]]) if (typeof text !== "string" || text.trim() === "") throw new Refusal("INVALID_INPUT", `Invalid input for modal.${name}: expected a string that is not empty`);
    if (!Array.isArray(components) || components.length === 0) throw new Refusal("INVALID_INPUT", "Invalid input for modal.components: expected an array of at least one component");
    first(d, a.token, "answered").modal = a.modal;
  },
  op_send_autocomplete_result: (d, a) => void (first(d, a.token, "answered").choices = a.choices),
  op_fetch_original_interaction_response: (d, a) => d.json(original(d, a.token)),
  op_edit_original_interaction_response(d, { token, ...body }) {
    const i = interaction(d, token);
    if (i.state !== "deferred") return d.edit(original(d, token), body);
    i.state = "answered";
    return d.json((i.original = d.add(i.channelId, d.botId, { ...body, ephemeral: i.ephemeral })));
  },
  op_delete_original_interaction_response: (d, a) => remove(original(d, a.token)),
  op_create_followup_message(d, { token, ...body }) {
    const i = interaction(d, token);
    if (i.state === "open") throw refused(404, 10015, "Unknown Webhook");
    if (i.state === "answered") return d.json(d.add(i.channelId, d.botId, body));
    i.state = "answered"; // It takes the place of "thinking ...", seen by those who see that.
    return d.json((i.original = d.add(i.channelId, d.botId, { ...body, flags: Number(body.flags ?? 0) & ~ephemeralFlag, ephemeral: i.ephemeral })));
  },
  op_fetch_followup_message: (d, a) => d.json(d.message(a.messageId)),
  op_edit_followup_message: (d, { token: _, messageId, ...body }) => d.edit(d.message(messageId), body),
  op_delete_followup_message: (d, a) => remove(d.message(a.messageId)),

  op_fetch_guild: (d) => ({ id: d.guildId, name: "Test guild", owner_id: d.ownerId, roles: [...d.roles.values()].map(roleOf), approximate_member_count: d.people.size }),
  op_fetch_roles: (d) => [...d.roles.values()].map(roleOf),
  op_fetch_member: (d, a) => apiMember(d.person(a.userId)),
  op_fetch_members: (d, a) => [...d.people.values()].slice(0, a.limit ?? 1).map(apiMember),
  op_kick_member: (d, a) => void d.people.delete(d.person(a.userId).id),
  op_ban_member(d, a) {
    d.people.delete(a.userId);
    d.banned.set(a.userId, a.reason);
  },
  op_unban_member(d, a) {
    if (!d.banned.delete(a.userId)) throw refused(404, 10026, "Unknown Ban");
  },
  op_add_member_role(d, a) {
    const p = d.person(a.userId);
    if (!d.roles.has(a.roleId)) throw refused(404, 10011, "Unknown Role");
    if (!p.roles.includes(a.roleId)) p.roles.push(a.roleId);
  },
  op_remove_member_role(d, a) {
    const p = d.person(a.userId);
    p.roles = p.roles.filter((r) => r !== a.roleId);
  },
  op_edit_member(d, a) {
    const p = d.person(a.userId);
    if (a.payload?.nick !== undefined) p.nick = a.payload.nick;
    if (a.payload?.roles !== undefined) p.roles = [...a.payload.roles];
    return { ...apiMember(p), communication_disabled_until: a.payload?.communication_disabled_until ?? null };
  },
  op_fetch_channel: (d, a) => channel(d, a.channelId),
  op_fetch_channels: (d) => [...d.channels.values()],
  op_create_channel(d, a) {
    const c = { type: 0, ...a.payload, id: d.ids.next(), guild_id: d.guildId };
    d.channels.set(c.id, c);
    return c;
  },
  op_edit_channel: (d, a) => Object.assign(channel(d, a.channelId), a.payload),
  op_delete_channel(d, a) {
    const c = channel(d, a.channelId);
    d.channels.delete(c.id);
    return c;
  },
  op_create_thread(d, a) {
    const c = { type: 11, ...a.payload, id: d.ids.next(), guild_id: d.guildId, parent_id: channel(d, a.channelId).id };
    d.channels.set(c.id, c);
    return c;
  },
};

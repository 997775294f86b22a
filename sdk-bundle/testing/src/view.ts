// What scripts see of messages and reactions, and the objects behind ids.
import type { Discord, TestMessage } from "./discord";
import { type Person, memberOf, roleOf, userOf } from "./people";

/** A message as events have it. */
export function messagePayload(d: Discord, now: number, m: TestMessage): any {
  const p = d.people.get(m.author) ?? { id: m.author, username: "somebody", globalName: null, bot: false, nick: null, roles: [] };
  const mentions = [...m.content.matchAll(/<@!?(\d+)>/g)].flatMap(([, id]) => {
    const who = d.people.get(id!);
    if (who === undefined) return [];
    const { user: _, ...member } = memberOf(who);
    return [{ ...userOf(who), member }];
  });
  return {
    id: m.id, channelId: m.channelId, guildId: d.guildId, content: m.content, author: userOf(p), member: memberOf(p), mentions, mentionRoles: [], attachments: m.attachments, embeds: m.embeds,
    components: m.components, timestamp: new Date(now).toISOString(), editedTimestamp: null, type: m.replyTo === null ? 0 : 19, flags: m.flags, pinned: m.pinned, tts: false,
    ...(m.replyTo === null ? {} : { messageReference: { messageId: m.replyTo, channelId: m.channelId, guildId: d.guildId } }),
  };
}

/** A reaction as events have it. */
export function reactionPayload(d: Discord, emoji: string, m: TestMessage, p: Person, add: boolean): any {
  const custom = /^<?(a?):?(\w+):(\d+)>?$/.exec(emoji);
  const e = custom === null ? { id: null, name: emoji } : { animated: custom[1] === "a", id: custom[3], name: custom[2] };
  return { userId: p.id, channelId: m.channelId, messageId: m.id, guildId: d.guildId, emoji: e, burst: false, messageAuthorId: m.author, ...(add ? { member: memberOf(p) } : {}) };
}

/** Discord's objects behind ids, as interactions have them. */
export function resolve(d: Discord, ids: unknown[]): any {
  const out: any = {};
  const put = (kind: string, id: string, v: unknown) => ((out[kind] ??= {})[id] = v);
  for (const id of ids) {
    if (typeof id !== "string") continue;
    const p = d.people.get(id);
    if (p !== undefined) {
      const { user: _, ...member } = memberOf(p);
      put("users", id, userOf(p));
      put("members", id, member);
    }
    const role = d.roles.get(id);
    if (role !== undefined) put("roles", id, roleOf(role));
    const channel = d.channels.get(id);
    if (channel !== undefined) put("channels", id, { id, name: channel.name, type: channel.type, parentId: channel.parent_id ?? null, permissions: "0" });
  }
  return out;
}

/** The component with the custom id, however deep it sits. */
export function find(components: any[], customId: string): any {
  for (const c of components ?? []) {
    if (c?.custom_id === customId) return c;
    const inner = find([...(c?.components ?? []), ...(c?.accessory ? [c.accessory] : [])], customId);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

// Who is in the test's guild, and the events' payloads as scripts see them.

export interface Person {
  id: string;
  username: string;
  globalName: string | null;
  bot: boolean;
  nick: string | null;
  roles: string[];
}

export interface Role {
  id: string;
  name: string;
  permissions: bigint;
}

/** Ids that grow, like Discord's. */
export class Ids {
  #last = 1_400_000_000_000_000_000n;

  next(): string {
    return String((this.#last += 1000n));
  }
}

export function userOf(p: Person): any {
  return { id: p.id, username: p.username, globalName: p.globalName, discriminator: null, avatar: null, bot: p.bot };
}

export function memberOf(p: Person, permissions: bigint | null = null): any {
  return {
    user: userOf(p), nick: p.nick, avatar: null, roles: [...p.roles], joinedAt: "2026-01-01T00:00:00.000000+00:00", premiumSince: null,
    deaf: false, mute: false, flags: 0, pending: false, permissions: permissions === null ? null : String(permissions), communicationDisabledUntil: null,
  };
}

/** The same as Discord's REST API has it. */
export function apiMember(p: Person): any {
  return {
    user: { id: p.id, username: p.username, global_name: p.globalName, discriminator: "0", avatar: null, bot: p.bot }, nick: p.nick, avatar: null, roles: [...p.roles],
    joined_at: "2026-01-01T00:00:00.000000+00:00", premium_since: null, deaf: false, mute: false, flags: 0, pending: false, communication_disabled_until: null,
  };
}

export function roleOf(r: Role): any {
  return { id: r.id, name: r.name, permissions: String(r.permissions), color: 0, position: 1, hoist: false, managed: false, mentionable: false };
}

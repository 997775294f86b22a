// Discord's permissions by their names, and who has them in the guild.
import { info, startOp } from "./host";
import { ArrayIsArray, BigIntOf, DateNow, ObjectKeys, StringOf, TypeErrorCtor, dict, hasOwn } from "./primordials";

export const PermissionFlags = {
  CreateInstantInvite: 1n << 0n,
  KickMembers: 1n << 1n,
  BanMembers: 1n << 2n,
  Administrator: 1n << 3n,
  ManageChannels: 1n << 4n,
  ManageGuild: 1n << 5n,
  AddReactions: 1n << 6n,
  ViewAuditLog: 1n << 7n,
  PrioritySpeaker: 1n << 8n,
  Stream: 1n << 9n,
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  SendTTSMessages: 1n << 12n,
  ManageMessages: 1n << 13n,
  EmbedLinks: 1n << 14n,
  AttachFiles: 1n << 15n,
  ReadMessageHistory: 1n << 16n,
  MentionEveryone: 1n << 17n,
  UseExternalEmojis: 1n << 18n,
  ViewGuildInsights: 1n << 19n,
  Connect: 1n << 20n,
  Speak: 1n << 21n,
  MuteMembers: 1n << 22n,
  DeafenMembers: 1n << 23n,
  MoveMembers: 1n << 24n,
  UseVAD: 1n << 25n,
  ChangeNickname: 1n << 26n,
  ManageNicknames: 1n << 27n,
  ManageRoles: 1n << 28n,
  ManageWebhooks: 1n << 29n,
  ManageGuildExpressions: 1n << 30n,
  UseApplicationCommands: 1n << 31n,
  RequestToSpeak: 1n << 32n,
  ManageEvents: 1n << 33n,
  ManageThreads: 1n << 34n,
  CreatePublicThreads: 1n << 35n,
  CreatePrivateThreads: 1n << 36n,
  UseExternalStickers: 1n << 37n,
  SendMessagesInThreads: 1n << 38n,
  UseEmbeddedActivities: 1n << 39n,
  ModerateMembers: 1n << 40n,
  ViewCreatorMonetizationAnalytics: 1n << 41n,
  UseSoundboard: 1n << 42n,
  CreateGuildExpressions: 1n << 43n,
  CreateEvents: 1n << 44n,
  UseExternalSounds: 1n << 45n,
  SendVoiceMessages: 1n << 46n,
  SendPolls: 1n << 49n,
  UseExternalApps: 1n << 50n,
};

const bits = PermissionFlags as Record<string, bigint>;

/** The bits of a name, a number, a decimal text or an array of them. */
export function permissionBits(what: string, v: unknown): bigint {
  if (typeof v === "bigint") return v;
  if (typeof v === "string" && hasOwn(bits, v)) return bits[v]!;
  if (ArrayIsArray(v)) {
    let all = 0n;
    for (let i = 0; i < v.length; i++) all |= permissionBits(what, v[i]);
    return all;
  }
  try {
    if ((typeof v === "string" && v !== "") || typeof v === "number") return BigIntOf(v);
  } catch {
    // Not a whole number.
  }
  throw new TypeErrorCtor(`${what}: there is no permission ${StringOf(v)}; use names of PermissionFlags or their bits`);
}

/** The names of the permissions in the bits, for people to read. */
export function permissionNames(of: bigint): string {
  let out = "";
  const names = ObjectKeys(bits);
  for (let i = 0; i < names.length; i++) if ((of & bits[names[i]!]!) !== 0n) out += (out === "" ? "" : ", ") + names[i]!;
  return out;
}

interface Known {
  at: number;
  owner: unknown;
  roles: Record<string, bigint>;
}

let known: Known | undefined;
const freshFor = 30_000;

/** Gives the guild's owner and roles, asked for at most every half a minute. */
function guild(ok: (g: Known) => void, err: (e: unknown) => void): void {
  const now = DateNow();
  if (known !== undefined && now - known.at < freshFor && now >= known.at) return ok(known);
  startOp(
    "op_fetch_guild",
    {},
    (g) => {
      const roles = dict<bigint>();
      const all = g?.roles;
      if (ArrayIsArray(all)) for (let i = 0; i < all.length; i++) roles[all[i].id] = permissionBits("role", all[i].permissions);
      ok((known = { at: now, owner: g?.owner_id, roles }));
    },
    err,
  );
}

/**
 * Gives the permissions of a message's author in the whole server. What a
 * channel allows or denies is not looked at.
 */
export function authorPermissions(msg: any, ok: (of: bigint) => void, err: (e: unknown) => void): void {
  guild((g) => {
    const everything = -1n;
    if (msg?.author?.id === g.owner) return ok(everything);
    let of = g.roles[info.guildId] ?? 0n;
    const mine = msg?.member?.roles;
    if (ArrayIsArray(mine)) for (let i = 0; i < mine.length; i++) of |= g.roles[mine[i]] ?? 0n;
    ok((of & PermissionFlags.Administrator) !== 0n ? everything : of);
  }, err);
}

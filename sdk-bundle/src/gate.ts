// What stands before a command: permissions, roles and cooldowns.
import { authorPermissions, permissionBits, permissionNames } from "./permissions";
import { ArrayIsArray, DateNow, MapCtor, MathMax, TypeErrorCtor, isFinite, mapDelete, mapGet, mapKeys, mapNext, mapSet, mapSize } from "./primordials";
import { formatDuration } from "./words";

export interface Cooldown {
  seconds: number;
  per: "user" | "channel" | "guild";
  uses: number;
}

/** What is asked of whoever uses a command. */
export interface Gate {
  cooldown: Cooldown | undefined;
  permissions: bigint;
  roles: string[] | undefined;
  guildOnly: boolean;
}

/** Reads the gate that a command declares; undefined when everybody may use it at any time. */
export function gateOf(command: any, spoken: boolean): Gate | undefined {
  const what = `createBot: the command ${command.name}`;
  const cooldown = cooldownOf(what, command.cooldown);
  // Those of slash commands are Discord's to check.
  const permissions = spoken && command.permissions !== undefined && command.permissions !== null ? permissionBits(what, command.permissions) : 0n;
  const roles = command.roles ?? undefined;
  if (roles !== undefined && !ArrayIsArray(roles)) throw new TypeErrorCtor(`${what}: roles must be an array of ids`);
  const guildOnly = command.guildOnly === true;
  if (cooldown === undefined && permissions === 0n && roles === undefined && !guildOnly) return undefined;
  return { cooldown, permissions, roles, guildOnly };
}

function cooldownOf(what: string, v: any): Cooldown | undefined {
  if (v === undefined || v === null || v === 0) return undefined;
  const o = typeof v === "number" ? { seconds: v } : v;
  const { seconds, per = "user", uses = 1 } = o;
  if (typeof seconds !== "number" || !isFinite(seconds) || seconds <= 0) throw new TypeErrorCtor(`${what}: cooldown must be a number of seconds above 0, or { seconds, per?, uses? }`);
  if (per !== "user" && per !== "channel" && per !== "guild") throw new TypeErrorCtor(`${what}: cooldown.per must be "user", "channel" or "guild"`);
  if (typeof uses !== "number" || !(uses >= 1)) throw new TypeErrorCtor(`${what}: cooldown.uses must be at least 1`);
  return { seconds, per, uses };
}

/**
 * Asks the gate: ok goes on, refuse gets a sentence for the user, or undefined
 * when there is nothing to say; err gets what an op failed with.
 */
export function pass(gate: Gate, uses: Uses, msg: any, ok: () => void, refuse: (why: string | undefined) => void, err: (e: unknown) => void): void {
  if (gate.guildOnly && (msg?.guildId === undefined || msg.guildId === null)) return refuse("This works in a server only.");
  if (gate.roles !== undefined && !hasAny(msg?.member?.roles, gate.roles)) return refuse("You do not have a role that may use this.");
  const last = () => {
    const why = gate.cooldown === undefined ? undefined : uses.take(gate.cooldown, msg);
    if (why === undefined) ok();
    else refuse(why === "" ? undefined : why);
  };
  if (gate.permissions === 0n) return last();
  authorPermissions(
    msg,
    (has) => {
      const missing = gate.permissions & ~has;
      if (missing === 0n) last();
      else refuse(`You need the permission ${permissionNames(missing)} for this.`);
    },
    err,
  );
}

function hasAny(have: any, of: string[]): boolean {
  if (!ArrayIsArray(have)) return false;
  for (let i = 0; i < have.length; i++) for (let k = 0; k < of.length; k++) if (have[i] === of[k]) return true;
  return false;
}

interface Window {
  until: number;
  left: number;
  told: boolean;
}

const mostWindows = 1000;

/** Who has used one command, while that matters. It is in memory only. */
export class Uses {
  #windows = new MapCtor<unknown, Window>();

  /** Undefined when the command may be used now; else what to say, "" when it was said already. */
  take(c: Cooldown, msg: any): string | undefined {
    const now = DateNow();
    const key = c.per === "guild" ? "" : c.per === "channel" ? msg?.channelId : (msg?.author ?? msg?.user)?.id;
    let w = mapGet(this.#windows, key);
    if (w === undefined || now >= w.until) {
      if (mapSize(this.#windows) >= mostWindows) this.#sweep(now);
      w = { until: now + c.seconds * 1000, left: c.uses, told: false };
      mapSet(this.#windows, key, w);
    }
    if (w.left > 0) {
      w.left--;
      return undefined;
    }
    if (w.told) return "";
    w.told = true;
    return `Please wait ${formatDuration(MathMax(w.until - now, 1000))} before you use this again.`;
  }

  #sweep(now: number): void {
    const keys = mapKeys(this.#windows);
    for (let step = mapNext(keys); !step.done; step = mapNext(keys)) {
      if (now >= mapGet(this.#windows, step.value)!.until) mapDelete(this.#windows, step.value);
    }
  }
}

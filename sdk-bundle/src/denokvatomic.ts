// Changes of a Deno.Kv that are made together or not at all.
import { type KeyPart, keyToHex, settingToHex } from "./denokvkey";
import { KvU64, encodeValue, isU64 } from "./denokvvalue";
import { callOp } from "./host";
import { ArrayIsArray, TypeErrorCtor, add, hasOwn, list } from "./primordials";

/** What a commit is made of. */
export interface Draft {
  checks: object[];
  mutations: object[];
  enqueues: object[];
  /** What the commit is refused for, the first of it. */
  refusal: { why: unknown } | undefined;
}

export const draft = (): Draft => ({ checks: list(), mutations: list(), enqueues: list(), refusal: undefined });

export function send(store: string, d: Draft): Promise<any> {
  return callOp("op_denokv_commit", { store, checks: d.checks, mutations: d.mutations, enqueues: d.enqueues });
}

export function expiry(o: any): number | undefined {
  const n = o?.expireIn;
  if (n === undefined || n === null) return undefined;
  if (typeof n !== "number" || !(n >= 0)) throw new TypeErrorCtor("expireIn must be a number of milliseconds that is not negative");
  return n;
}

export function mutation(type: string, key: unknown, value?: string, expireIn?: number): object {
  if (type !== "set") return { type, key: keyToHex(key), value };
  const { hex, versioned } = settingToHex(key);
  return { type, key: hex, versioned, value, expireIn };
}

const longestDelay = 30 * 24 * 60 * 60 * 1000;
const longestPause = 60 * 60 * 1000;

function delayOf(delay: unknown): number {
  if (delay === undefined || delay === null) return 0;
  if (typeof delay !== "number") throw new TypeErrorCtor("Delay must be a number of milliseconds");
  if (delay < 0) throw new TypeErrorCtor(`Delay must be >= 0: received ${delay}`);
  if (delay > longestDelay) throw new TypeErrorCtor(`Delay cannot be greater than 30 days: received ${delay}`);
  if (delay !== delay) throw new TypeErrorCtor("Delay cannot be NaN");
  return delay;
}

function pausesOf(pauses: unknown): number[] | undefined {
  if (pauses === undefined || pauses === null) return undefined;
  if (!ArrayIsArray(pauses)) throw new TypeErrorCtor("Invalid backoffSchedule, expected an array of milliseconds");
  if (pauses.length > 5) throw new TypeErrorCtor("Invalid backoffSchedule, max 5 intervals allowed");
  const out = list<number>();
  for (let i = 0; i < pauses.length; i++) {
    const n = pauses[i];
    if (typeof n !== "number" || !(n >= 0 && n <= longestPause)) throw new TypeErrorCtor(`Invalid backoffSchedule, interval at index ${i} is invalid`);
    add(out, n);
  }
  return out;
}

export function enqueued(value: unknown, o: any): object {
  const delay = delayOf(o?.delay);
  const backoffSchedule = pausesOf(o?.backoffSchedule);
  const undelivered = o?.keysIfUndelivered;
  const keysIfUndelivered = list<string>();
  if (undelivered !== undefined && undelivered !== null) {
    if (!ArrayIsArray(undelivered)) throw new TypeErrorCtor("keysIfUndelivered must be an array of keys");
    for (let i = 0; i < undelivered.length; i++) add(keysIfUndelivered, keyToHex(undelivered[i]));
  }
  return { value: encodeValue(value), delay, keysIfUndelivered, backoffSchedule };
}

const token = {};

/** What Kv.atomic gives. */
export function newAtomic(store: string, open: () => void): AtomicOperation {
  return new AtomicOperation(store, open, token);
}

export class AtomicOperation {
  #store: string;
  #open: () => void;
  #d = draft();

  constructor(store: string, open: () => void, made?: unknown) {
    if (made !== token) throw new TypeErrorCtor("Deno.AtomicOperation can not be constructed: use atomic() of a Deno.Kv instead");
    this.#store = store;
    this.#open = open;
  }

  check(...checks: any[]): this {
    const d = this.#d;
    for (let i = 0; i < checks.length; i++) {
      const { key, versionstamp } = checks[i];
      this.#try(() => {
        if (versionstamp !== null && versionstamp !== undefined && typeof versionstamp !== "string") throw new TypeErrorCtor("Invalid check: a versionstamp is a string or null");
        add(d.checks, { key: keyToHex(key), version: versionstamp ?? null });
      });
    }
    return this;
  }

  mutate(...mutations: any[]): this {
    for (let i = 0; i < mutations.length; i++) {
      const m = mutations[i];
      const { key, type } = m;
      switch (type) {
        case "delete":
          if (m.value) throw new TypeErrorCtor("Invalid mutation 'delete' with value");
          this.#add(type, key);
          break;
        case "set":
        case "sum":
        case "min":
        case "max":
          if (!hasOwn(m, "value")) throw new TypeErrorCtor(`Invalid mutation '${type}' without value`);
          if (type === "set") this.#add(type, key, m.value, expiry(m));
          else this.#number(type, key, m.value);
          break;
        default:
          throw new TypeErrorCtor("Invalid mutation type");
      }
    }
    return this;
  }

  /** Keeps what is wrong for the commit, which is refused for it, as in Deno. */
  #try(f: () => void): void {
    try {
      f();
    } catch (why) {
      this.#d.refusal ??= { why };
    }
  }

  #add(type: string, key: unknown, ...given: [value?: unknown, expireIn?: number]): this {
    const value = type === "delete" ? undefined : encodeValue(given[0]);
    this.#try(() => add(this.#d.mutations, mutation(type, key, value, given[1])));
    return this;
  }

  #number(type: string, key: unknown, n: unknown): this {
    if (isU64(n)) return this.#add(type, key, n);
    this.#try(() => {
      throw new TypeErrorCtor(`Failed to perform '${type}' mutation on a non-U64 operand`);
    });
    return this;
  }

  sum(key: KeyPart[], n: bigint): this {
    return this.#number("sum", key, new KvU64(n));
  }

  min(key: KeyPart[], n: bigint): this {
    return this.#number("min", key, new KvU64(n));
  }

  max(key: KeyPart[], n: bigint): this {
    return this.#number("max", key, new KvU64(n));
  }

  set(key: KeyPart[], value: unknown, options?: { expireIn?: number }): this {
    return this.#add("set", key, value, expiry(options));
  }

  delete(key: KeyPart[]): this {
    return this.#add("delete", key);
  }

  enqueue(value: unknown, options?: object): this {
    add(this.#d.enqueues, enqueued(value, options));
    return this;
  }

  async commit(): Promise<any> {
    const open = this.#open;
    open();
    const { refusal } = this.#d;
    if (refusal !== undefined) throw refusal.why;
    const done = await send(this.#store, this.#d);
    return done.ok ? { ok: true, versionstamp: done.version } : { ok: false };
  }

  /** Who awaits one has forgotten something. */
  then(): never {
    throw new TypeErrorCtor("'Deno.AtomicOperation' is not a promise: did you forget to call 'commit()'");
  }
}

// Deno.Kv, its queues and schedules, in memory. Keys come as hexadecimal, which
// sorts as its bytes do, and values as base64; neither is taken apart.
import { base64, bytes } from "./platform";
import { Refusal } from "./refusal";

interface Entry {
  value: string;
  version: number;
  expiration: number | null; // In seconds.
}

interface Message {
  id: string;
  store: string;
  event: string;
  value: string;
  at: number;
  due: number;
  backoff: number[];
  tried: number;
  undelivered: string[];
  running: boolean;
}

/** What delivers to the script; it gives whether the handler failed, or undefined without one. */
export type Deliver = (event: string, payload: unknown) => Promise<boolean> | undefined;

interface Time {
  now(): number;
  /** Calls f at the moment. */
  at(ms: number, f: () => void): void;
}

const mostSchedules = 1000;
const pauses = [100, 1000, 5000, 30_000, 60_000];

declare function queueMicrotask(f: () => void): void;

const versionstamp = (n: number): string => n.toString(16).padStart(16, "0") + "0000";

function numberOf(value: string): bigint | undefined {
  const b = bytes(value) as Uint8Array;
  if (b.length !== 9 || b[0] !== 117) return undefined;
  let n = 0n;
  for (let i = 8; i > 0; i--) n = (n << 8n) | BigInt(b[i]!);
  return n;
}

function valueOf(n: bigint): string {
  const b = new Uint8Array(9);
  b[0] = 117;
  for (let i = 1; i < 9; i++, n >>= 8n) b[i] = Number(n & 255n);
  return base64(b);
}

export class Databases {
  #stores = new Map<string, Map<string, Entry>>();
  #watched = new Set<string>();
  #messages = new Map<string, Message>();
  #version = 0;
  #ids = 0;
  #time: Time;
  #deliver: Deliver;

  constructor(time: Time, deliver: Deliver) {
    this.#time = time;
    this.#deliver = deliver;
  }

  /** Answers an op of the SDK. */
  answer(op: string, args: any): unknown {
    switch (op) {
      case "op_denokv_read":
        return args.ranges.map((r: any) => this.#read(args.store ?? "", r));
      case "op_denokv_commit":
        return this.#commit(args.store ?? "", args);
      case "op_denokv_watch":
        for (const key of args.keys) this.#watched.add(`${args.store ?? ""}/${key}`);
        return undefined;
      case "op_schedule_create":
        return this.#schedule(args);
      case "op_schedule_cancel":
        return this.#messages.get(args.id)?.event.startsWith("__schedule:") === true && this.#messages.delete(args.id);
      case "op_schedule_list":
        return this.#schedules()
          .map((m) => ({ id: m.id, name: m.event.slice("__schedule:".length), at: m.at, data: m.value }))
          .filter((s) => args.name === undefined || args.name === null || s.name === args.name);
      default:
        throw new Refusal("NOT_SUPPORTED", `the test bot does not know ${op}`);
    }
  }

  #store(name: string): Map<string, Entry> {
    let s = this.#stores.get(name);
    if (s === undefined) this.#stores.set(name, (s = new Map()));
    return s;
  }

  #live(store: Map<string, Entry>, key: string): Entry | undefined {
    const e = store.get(key);
    if (e === undefined || e.expiration === null || e.expiration > Math.floor(this.#time.now() / 1000)) return e;
    store.delete(key);
    return undefined;
  }

  #read(name: string, r: { start: string; end: string; limit: number; reverse: boolean }): unknown[] {
    const store = this.#store(name);
    const keys = [...store.keys()].filter((k) => k >= r.start && k < r.end && this.#live(store, k) !== undefined).sort();
    if (r.reverse) keys.reverse();
    return keys.slice(0, r.limit).map((key) => {
      const { value, version } = store.get(key)!;
      return { key, value, version: versionstamp(version) };
    });
  }

  #commit(name: string, { checks = [], mutations = [], enqueues = [] }: any): unknown {
    if (checks.length > 100) throw new Refusal("INVALID_INPUT", "Too many checks (max 100)");
    if (mutations.length + enqueues.length > 1000) throw new Refusal("INVALID_INPUT", "Too many mutations (max 1000)");
    const store = this.#store(name);
    for (const { key, version } of checks) {
      if (version !== null && version !== undefined && !/^[0-9a-f]{20}$/.test(version)) throw new Refusal("INVALID_INPUT", "invalid versionstamp");
      const have = this.#live(store, key);
      if ((have === undefined ? null : versionstamp(have.version)) !== (version ?? null)) return { ok: false };
    }
    const version = this.#version + 1;
    const changed = new Map<string, Entry | undefined>();
    for (const m of mutations) {
      const key = m.versioned ? m.key + "02" + [...versionstamp(version)].map((c) => c.charCodeAt(0).toString(16)).join("") + "00" : m.key;
      changed.set(key, this.#changed(m, changed.has(key) ? changed.get(key) : this.#live(store, key), version));
    }
    this.#version = version;
    for (const [key, e] of changed) {
      if (e === undefined) store.delete(key);
      else store.set(key, e);
    }
    for (const e of enqueues) {
      this.#put({ store: name, event: `__kvqueue:${name}`, value: e.value, at: this.#time.now() + e.delay, backoff: e.backoffSchedule ?? pauses, undelivered: e.keysIfUndelivered });
    }
    if ([...changed.keys()].some((key) => this.#watched.has(`${name}/${key}`))) queueMicrotask(() => void this.#deliver("__kvwatch", {}));
    return { ok: true, version: versionstamp(version) };
  }

  #changed(m: any, have: Entry | undefined, version: number): Entry | undefined {
    if (m.type === "delete") return undefined;
    let { value } = m;
    if (m.type !== "set" && have !== undefined) {
      const is = numberOf(have.value);
      if (is === undefined) throw new Refusal("INVALID_INPUT", `Failed to perform '${m.type}' mutation on a non-U64 value in the database`);
      const by = numberOf(value)!;
      value = valueOf(m.type === "sum" ? BigInt.asUintN(64, is + by) : (m.type === "min") === by < is ? by : is);
    }
    const expires = typeof m.expireIn === "number";
    return { value, version, expiration: expires ? Math.ceil((this.#time.now() + m.expireIn) / 1000) : null };
  }

  #schedules(): Message[] {
    return [...this.#messages.values()].filter((m) => m.event.startsWith("__schedule:")).sort((a, b) => a.due - b.due);
  }

  #schedule({ at, name, data }: any): unknown {
    if (at > this.#time.now() + 5 * 366 * 86_400_000) throw new Refusal("INVALID_INPUT", "Invalid input for at: expected a moment within the next five years");
    if (this.#schedules().length >= mostSchedules) throw new Refusal("QUOTA_EXCEEDED", `${mostSchedules} schedules wait, which is the most allowed; cancel some first`);
    return { id: this.#put({ store: "", event: `__schedule:${name}`, value: data, at: Math.floor(at), backoff: pauses, undelivered: [] }) };
  }

  #put(m: Pick<Message, "store" | "event" | "value" | "at" | "backoff" | "undelivered">): string {
    const id = (++this.#ids).toString(16).padStart(48, "0");
    this.#wait({ ...m, id, due: m.at, tried: 0, running: false });
    return id;
  }

  #wait(m: Message): void {
    this.#messages.set(m.id, m);
    if (m.due > this.#time.now()) this.#time.at(m.due, () => this.#try(m));
    else queueMicrotask(() => this.#try(m));
  }

  /** Whether a handler has a message. */
  get busy(): boolean {
    return [...this.#messages.values()].some((m) => m.running);
  }

  /** Tries what is due and had no handler until now. */
  pump(): void {
    for (const m of [...this.#messages.values()]) if (m.due <= this.#time.now()) this.#try(m);
  }

  #try(m: Message): void {
    if (m.running || this.#messages.get(m.id) !== m) return;
    const over = this.#deliver(m.event, { id: m.id, value: m.value, at: m.at, attempt: m.tried + 1 });
    if (over === undefined) return;
    m.running = true;
    void over.then((failed) => {
      m.running = false;
      if (this.#messages.get(m.id) !== m) return;
      if (!failed || m.tried >= m.backoff.length) {
        this.#messages.delete(m.id);
        if (failed) for (const key of m.undelivered) this.#store(m.store).set(key, { value: m.value, version: ++this.#version, expiration: null });
        return;
      }
      m.due = this.#time.now() + m.backoff[m.tried++]!;
      this.#wait(m);
    });
  }
}

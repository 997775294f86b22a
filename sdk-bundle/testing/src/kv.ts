// Key-value stores in memory, with the limits of the real ones.
import { Refusal } from "./refusal";

interface Entry {
  value: string;
  metadata: unknown;
  expiration: number | null;
  version: number;
}

/** A change as ops have it; without a value it deletes. */
interface Change {
  key: string;
  value?: string;
  metadata?: unknown;
  expiration?: number | null;
  ttl?: number | null;
  ifVersion?: number | null;
  ifAbsent?: boolean | null;
}

const mostBytes = 1024 * 1024;
const mostKeys = 100;
const mostBatchBytes = 4 * 1024 * 1024;
const bytes = new TextEncoder();

declare class TextEncoder {
  encode(s: string): { length: number; [i: number]: number };
}

/** The order of UTF-8, which is that of code points. */
function compare(a: string, b: string): number {
  const x = bytes.encode(a);
  const y = bytes.encode(b);
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

function size(v: unknown): number {
  if (v === undefined || v === null) return 0;
  return bytes.encode(typeof v === "string" ? v : JSON.stringify(v)).length;
}

function count(of: unknown[]): void {
  if (of.length === 0) throw new Refusal("INVALID_INPUT", "the batch has no keys");
  if (of.length > mostKeys) throw new Refusal("TOO_LARGE", `the batch has ${of.length} keys, which is more than ${mostKeys}; make it several`);
}

function entry(e: Entry | undefined): unknown {
  return { value: e?.value ?? null, metadata: e?.metadata ?? null, expiration: e?.expiration ?? null, version: e?.version ?? null };
}

export class Stores {
  #stores = new Map<string, Map<string, Entry>>();
  #version = 0;
  #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Answers an op of the SDK. */
  answer(op: string, args: any): unknown {
    const store = this.#store(args.store);
    switch (op) {
      case "op_kv_get":
        return this.#live(store, this.#key(args))?.value ?? null;
      case "op_kv_get_with_metadata":
        return entry(this.#live(store, this.#key(args)));
      case "op_kv_get_many":
        return this.#getMany(store, args.keys);
      case "op_kv_set":
        return { version: this.#write(store, [args]) };
      case "op_kv_write":
        return { version: this.#write(store, [...(args.set ?? []), ...(args.delete ?? [])]) };
      case "op_kv_increment":
        return this.#increment(store, args);
      case "op_kv_update_metadata": {
        const e = this.#live(store, this.#key(args));
        if (e === undefined) throw new Refusal("NOT_FOUND", "key not found");
        store.set(args.key, { ...e, metadata: args.metadata ?? null, version: ++this.#version });
        return undefined;
      }
      case "op_kv_delete":
        this.#write(store, [{ key: args.key, ifVersion: args.ifVersion }]);
        return undefined;
      case "op_kv_list_keys":
        return this.#list(store, args);
      default:
        throw new Refusal("NOT_SUPPORTED", `the test bot does not know ${op}`);
    }
  }

  #store(name: unknown): Map<string, Entry> {
    if (typeof name !== "string" || !/^[^/.]{1,64}$/u.test(name)) throw new Refusal("INVALID_INPUT", "a store's name has 1 to 64 characters without / and .");
    let s = this.#stores.get(name);
    if (s === undefined) this.#stores.set(name, (s = new Map()));
    return s;
  }

  #getMany(store: Map<string, Entry>, keys: string[]): unknown {
    count(keys);
    const found = keys.map((key) => this.#live(store, this.#key({ key })));
    if (keys.length > 1 && found.reduce((n, e) => n + size(e?.value) + size(e?.metadata), 0) > mostBatchBytes)
      throw new Refusal("TOO_LARGE", "the values of these keys have more than 4MB together; ask for fewer at once");
    return found.map(entry);
  }

  /** Makes all changes or none, and gives their version. */
  #write(store: Map<string, Entry>, changes: Change[]): number {
    count(changes);
    const keys = changes.map((c) => this.#key(c));
    const twice = keys.find((k, i) => keys.indexOf(k) !== i);
    if (twice !== undefined) throw new Refusal("INVALID_INPUT", `key ${JSON.stringify(twice)} is in the batch twice`);
    for (const c of changes) if (c.value !== undefined && size(c.value) > mostBytes) throw new Refusal("TOO_LARGE", "value exceeds maximum size of 1MB");
    if (changes.length > 1 && changes.reduce((n, c) => n + size(c.key) + size(c.value) + size(c.metadata), 0) > mostBatchBytes)
      throw new Refusal("TOO_LARGE", "the batch has more than 4MB of keys, values and metadata; make it several");
    for (const c of changes) this.#condition(c, this.#live(store, c.key));
    const done = changes.filter((c) => c.value !== undefined || store.has(c.key));
    if (done.length === 0) return 0;
    const version = ++this.#version;
    for (const c of done) {
      if (c.value === undefined) store.delete(c.key);
      else store.set(c.key, { value: c.value, metadata: c.metadata ?? null, expiration: this.#end(c), version });
    }
    return version;
  }

  #condition({ key, ifVersion, ifAbsent }: Change, have: Entry | undefined): void {
    const wanted = ifVersion ?? undefined;
    if (wanted !== undefined && wanted < 1) throw new Refusal("INVALID_INPUT", "Invalid input for ifVersion: versions begin at 1; ifAbsent asks that there is no such key");
    if (wanted !== undefined && ifAbsent) throw new Refusal("INVALID_INPUT", "give a version or that the key must not exist, not both");
    const at = { key, version: have?.version ?? null };
    const name = JSON.stringify(key);
    if (ifAbsent && have !== undefined) throw new Refusal("CONFLICT", `key ${name} exists already`).with(at);
    if (wanted === undefined || have?.version === wanted) return;
    if (have === undefined) throw new Refusal("CONFLICT", `key ${name} does not exist, it was to have version ${wanted}`).with(at);
    throw new Refusal("CONFLICT", `key ${name} has version ${have.version}, it was to have version ${wanted}`).with(at);
  }

  #end({ expiration, ttl }: { expiration?: number | null; ttl?: number | null }): number | null {
    return typeof ttl === "number" ? Math.floor(this.#now() / 1000) + ttl : (expiration ?? null);
  }

  #increment(store: Map<string, Entry>, args: any): number {
    const have = this.#live(store, this.#key(args));
    if (have !== undefined && !/^[+-]?[0-9]{1,19}$/.test(have.value)) throw new Refusal("INVALID_INPUT", "the value is no whole number of 64 bits, so it cannot be incremented");
    const from = have === undefined ? BigInt(args.start ?? 0) : BigInt(have.value.replace("+", ""));
    const by = BigInt(args.by ?? 1);
    const sum = Number(from + by);
    if (!Number.isSafeInteger(sum)) throw new Refusal("INVALID_INPUT", `${from} and ${by} is beyond 9007199254740991, the largest whole number here`);
    store.set(args.key, { value: `${sum}`, metadata: have?.metadata ?? null, expiration: this.#end(args) ?? have?.expiration ?? null, version: ++this.#version });
    return sum;
  }

  #key(args: any): string {
    const n = [...(args.key as string)].length;
    if (n < 1 || n > 512) throw new Refusal("INVALID_INPUT", "a key has 1 to 512 characters");
    return args.key;
  }

  #live(store: Map<string, Entry>, key: string): Entry | undefined {
    const e = store.get(key);
    if (e === undefined || e.expiration === null || e.expiration * 1000 > this.#now()) return e;
    store.delete(key);
    return undefined;
  }

  #list(store: Map<string, Entry>, args: any): unknown {
    const { prefix = "", limit = 100, cursor } = args;
    if (!(limit >= 1 && limit <= 1000)) throw new Refusal("INVALID_INPUT", "limit must be from 1 to 1000");
    const names = [...store.keys()].filter((k) => k.startsWith(prefix ?? "") && this.#live(store, k) !== undefined && (cursor === undefined || cursor === null || compare(k, cursor) > 0)).sort(compare);
    const page = names.slice(0, limit);
    const keys = page.map((name) => {
      const { metadata, expiration } = store.get(name)!;
      return { name, ...(expiration === null ? {} : { expiration }), ...(metadata === null ? {} : { metadata }) };
    });
    const more = names.length > page.length;
    return { keys, listComplete: !more, ...(more ? { cursor: page[page.length - 1] } : {}) };
  }

  /** What a test looks at and lays down. */
  of(name: string): TestStore {
    const store = this.#store(name);
    return {
      get: (key) => this.#live(store, key)?.value,
      set: (key, value, options) => {
        store.set(key, { value, metadata: options?.metadata ?? null, expiration: options?.expiration ?? null, version: ++this.#version });
      },
      delete: (key) => store.delete(key),
      entries: () => Object.fromEntries([...store.keys()].sort(compare).flatMap((k) => (this.#live(store, k) === undefined ? [] : [[k, store.get(k)!.value]]))),
    };
  }
}

export interface TestStore {
  get(key: string): string | undefined;
  set(key: string, value: string, options?: { metadata?: unknown; expiration?: number }): void;
  delete(key: string): boolean;
  entries(): Record<string, string>;
}

// Key-value stores in memory, with the limits of the real ones.
import { Refusal } from "./refusal";

interface Entry {
  value: string;
  metadata: unknown;
  expiration: number | null;
}

const mostBytes = 1024 * 1024;
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

export class Stores {
  #stores = new Map<string, Map<string, Entry>>();
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
      case "op_kv_get_with_metadata": {
        const e = this.#live(store, this.#key(args));
        return { value: e?.value ?? null, metadata: e?.metadata ?? null, expiration: e?.expiration ?? null };
      }
      case "op_kv_set":
        if (bytes.encode(args.value).length > mostBytes) throw new Refusal("TOO_LARGE", "the value has more than 1048576 bytes");
        store.set(this.#key(args), { value: args.value, metadata: args.metadata ?? null, expiration: args.expiration ?? null });
        return undefined;
      case "op_kv_update_metadata": {
        const e = this.#live(store, this.#key(args));
        if (e === undefined) throw new Refusal("NOT_FOUND", "key not found");
        e.metadata = args.metadata ?? null;
        return undefined;
      }
      case "op_kv_delete":
        store.delete(this.#key(args));
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
        store.set(key, { value, metadata: options?.metadata ?? null, expiration: options?.expiration ?? null });
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

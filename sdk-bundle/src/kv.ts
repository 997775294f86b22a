// Key-value stores of the guild. The limits and what the ops answer: ops.ts.
import { callOp, later, startOp } from "./host";
import { ArrayIsArray, ErrorCtor, MathFloor, NumberOf, PromiseCtor, TypeErrorCtor, add, isFinite, isSafeInteger, list } from "./primordials";

interface Ends {
  expiration?: number | bigint;
  ttl?: number;
}

interface SetOptions extends Ends {
  metadata?: unknown;
  ifVersion?: number;
  ifAbsent?: boolean;
}

function text(what: string, v: unknown): string {
  if (typeof v !== "string") throw new TypeErrorCtor(`${what} must be a string; it is ${v === null ? "null" : typeof v}`);
  return v;
}

function optional(what: string, v: unknown): any {
  if (v !== undefined && (v === null || typeof v !== "object")) throw new TypeErrorCtor(`${what} must be an object`);
  return v ?? {};
}

function seconds(call: string, what: string, v: unknown): number {
  const n = typeof v === "bigint" ? NumberOf(v) : v;
  if (typeof n !== "number" || !isFinite(n)) throw new TypeErrorCtor(`kv ${call}: ${what} must be a number of seconds`);
  return MathFloor(n);
}

/** When a key is to be gone: one of the two, or none. */
function ends(call: string, o: Ends): { expiration: number | undefined; ttl: number | undefined } {
  const { expiration, ttl } = o;
  if (ttl === undefined || ttl === null)
    return { expiration: expiration === undefined || expiration === null ? undefined : seconds(call, "expiration", expiration), ttl: undefined };
  if (expiration !== undefined && expiration !== null) throw new TypeErrorCtor(`kv ${call}: give expiration or ttl, not both`);
  const n = seconds(call, "ttl", ttl);
  if (n < 1) throw new TypeErrorCtor(`kv ${call}: ttl must be at least 1 second`);
  return { expiration: undefined, ttl: n };
}

function whole(call: string, what: string, v: unknown): number | undefined {
  if (v === undefined || v === null) return undefined;
  const n = typeof v === "bigint" ? NumberOf(v) : v;
  if (!isSafeInteger(n)) throw new TypeErrorCtor(`kv ${call}: ${what} must be a whole number`);
  return n as number;
}

/** The members of a set beside the store. */
function setting(call: string, key: unknown, value: unknown, o: SetOptions): object {
  text(`kv ${call}: the key`, key);
  if (typeof value !== "string") throw new TypeErrorCtor(`kv ${call}: the value must be a string; make one of it with JSON.stringify`);
  const { metadata, ifVersion, ifAbsent } = o;
  const { expiration, ttl } = ends(call, o);
  if (ifAbsent !== undefined && typeof ifAbsent !== "boolean") throw new TypeErrorCtor(`kv ${call}: ifAbsent must be true or false`);
  return { key, value, expiration, ttl, metadata, ifVersion: whole(call, "ifVersion", ifVersion), ifAbsent };
}

function each<T>(call: string, what: string, v: unknown, f: (one: any) => T): T[] {
  if (!ArrayIsArray(v)) throw new TypeErrorCtor(`kv ${call}: ${what} must be an array`);
  const out = list<T>();
  for (let i = 0, n = v.length; i < n; i++) add(out, f(v[i]));
  return out;
}

const sets = (call: string, v: unknown): object[] =>
  each(call, "what is set", v, (one) => {
    if (one === null || typeof one !== "object") throw new TypeErrorCtor(`kv ${call}: pass objects with key and value`);
    return setting(call, one.key, one.value, one);
  });

const deletes = (call: string, v: unknown): object[] =>
  each(call, "what is deleted", v, (one) => {
    if (one === null || typeof one !== "object") return { key: text(`kv ${call}: a key`, one) };
    return { key: text(`kv ${call}: a key`, one.key), ifVersion: whole(call, "ifVersion", one.ifVersion) };
  });

interface Entry {
  value: string | null;
  metadata?: any;
  expiration?: number;
  version?: number;
}

/** What an op says of a key, without what is not there. */
function entry(found: any): Entry {
  const { value, metadata, expiration, version } = found;
  return { value, ...(metadata === null ? null : { metadata }), ...(expiration === null ? null : { expiration }), ...(version === null ? null : { version }) };
}

export class KvStore {
  #name: string;

  constructor(name: string) {
    this.#name = text("store(name): the name", name);
  }

  get(key: string): Promise<string | null> {
    return later(() => callOp("op_kv_get", { store: this.#name, key: text("kv get: the key", key) }));
  }

  getWithMetadata(key: string): Promise<Entry> {
    return new PromiseCtor((resolve, reject) => {
      const args = { store: this.#name, key: text("kv getWithMetadata: the key", key) };
      startOp("op_kv_get_with_metadata", args, (found) => resolve(entry(found)), reject);
    });
  }

  getMany(keys: string[]): Promise<(Entry & { key: string })[]> {
    return new PromiseCtor((resolve, reject) => {
      const asked = each("getMany", "the keys", keys, (key) => text("kv getMany: a key", key));
      startOp(
        "op_kv_get_many",
        { store: this.#name, keys: asked },
        (found) => {
          for (let i = 0; i < found.length; i++) found[i] = { key: asked[i], ...entry(found[i]) };
          resolve(found);
        },
        reject,
      );
    });
  }

  set(key: string, value: string, options?: SetOptions): Promise<{ version: number }> {
    return later(() => callOp("op_kv_set", { store: this.#name, ...setting("set", key, value, options ?? {}) }));
  }

  setMany(entries: ({ key: string; value: string } & SetOptions)[]): Promise<{ version: number }> {
    return later(() => callOp("op_kv_write", { store: this.#name, set: sets("setMany", entries) }));
  }

  deleteMany(keys: (string | { key: string; ifVersion?: number })[]): Promise<void> {
    return new PromiseCtor((resolve, reject) => startOp("op_kv_write", { store: this.#name, delete: deletes("deleteMany", keys) }, () => resolve(undefined), reject));
  }

  batch(changes: { set?: ({ key: string; value: string } & SetOptions)[]; delete?: (string | { key: string; ifVersion?: number })[] }): Promise<{ version: number }> {
    return later(() => {
      const { set, delete: gone } = optional("kv batch: the changes", changes);
      return callOp("op_kv_write", { store: this.#name, set: sets("batch", set ?? []), delete: deletes("batch", gone ?? []) });
    });
  }

  increment(key: string, by?: number, options?: Ends & { start?: number }): Promise<number> {
    return later(() => {
      text("kv increment: the key", key);
      const o = optional("kv increment: the options", options);
      return callOp("op_kv_increment", { store: this.#name, key, by: whole("increment", "by", by), start: whole("increment", "start", o.start), ...ends("increment", o) });
    });
  }

  updateMetadata(key: string, metadata?: unknown): Promise<void> {
    return later(() =>
      callOp("op_kv_update_metadata", { store: this.#name, key: text("kv updateMetadata: the key", key), metadata: metadata ?? null }),
    );
  }

  delete(key: string, options?: { ifVersion?: number }): Promise<void> {
    return later(() => {
      text("kv delete: the key", key);
      return callOp("op_kv_delete", { store: this.#name, key, ifVersion: whole("delete", "ifVersion", optional("kv delete: the options", options).ifVersion) });
    });
  }

  list(options?: { prefix?: string; limit?: number; cursor?: string }): Promise<any> {
    return later(() => {
      if (options !== undefined && (options === null || typeof options !== "object")) throw new ErrorCtor("kv list: pass { prefix?, limit?, cursor? }");
      return callOp("op_kv_list_keys", { store: this.#name, prefix: options?.prefix, limit: options?.limit, cursor: options?.cursor });
    });
  }
}

export function store(name: string): KvStore {
  return new KvStore(name);
}

export const kv = { store };

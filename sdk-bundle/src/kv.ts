// Key-value stores of the guild. The limits and what the ops answer: ops.ts.
import { callOp, later, startOp } from "./host";
import { DateNow, ErrorCtor, MathFloor, NumberOf, PromiseCtor, TypeErrorCtor, isFinite } from "./primordials";

interface SetOptions {
  expiration?: number | bigint;
  ttl?: number;
  metadata?: unknown;
}

function text(what: string, v: unknown): string {
  if (typeof v !== "string") throw new TypeErrorCtor(`${what} must be a string; it is ${v === null ? "null" : typeof v}`);
  return v;
}

function seconds(what: string, v: unknown): number {
  const n = typeof v === "bigint" ? NumberOf(v) : v;
  if (typeof n !== "number" || !isFinite(n)) throw new TypeErrorCtor(`kv set: ${what} must be a number of seconds`);
  return MathFloor(n);
}

function expirationOf(o: SetOptions): number | undefined {
  const { expiration, ttl } = o;
  if (ttl === undefined || ttl === null) return expiration === undefined || expiration === null ? undefined : seconds("expiration", expiration);
  if (expiration !== undefined && expiration !== null) throw new TypeErrorCtor("kv set: give expiration or ttl, not both");
  const n = seconds("ttl", ttl);
  if (n < 1) throw new TypeErrorCtor("kv set: ttl must be at least 1 second");
  return MathFloor(DateNow() / 1000) + n;
}

interface Entry {
  value: string | null;
  metadata?: any;
  expiration?: number;
}

/** What an op says of a key, without what is not there. */
function entry(found: any): Entry {
  const { value, metadata, expiration } = found;
  return { value, ...(metadata === null ? null : { metadata }), ...(expiration === null ? null : { expiration }) };
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

  set(key: string, value: string, options?: SetOptions): Promise<void> {
    return later(() => {
      text("kv set: the key", key);
      if (typeof value !== "string") throw new TypeErrorCtor("kv set: the value must be a string; make one of it with JSON.stringify");
      const o = options ?? {};
      return callOp("op_kv_set", { store: this.#name, key, value, expiration: expirationOf(o), metadata: o.metadata });
    });
  }

  updateMetadata(key: string, metadata?: unknown): Promise<void> {
    return later(() =>
      callOp("op_kv_update_metadata", { store: this.#name, key: text("kv updateMetadata: the key", key), metadata: metadata ?? null }),
    );
  }

  delete(key: string): Promise<void> {
    return later(() => callOp("op_kv_delete", { store: this.#name, key: text("kv delete: the key", key) }));
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

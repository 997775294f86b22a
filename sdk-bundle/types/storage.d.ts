// Key-value stores and secrets.

declare namespace flora {
  /** Anything that JSON can say. */
  type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

  interface KvEntry {
    /** `null` when there is no such key. */
    value: string | null;
    metadata?: any;
    /** Unix seconds. */
    expiration?: number;
    /** Changes with every write of the key; not there without such a key. */
    version?: number;
  }

  interface KvExpiration {
    /** When the key goes, in unix seconds. */
    expiration?: number | bigint;
    /** The same in seconds from now, at least 1; not together with `expiration`. */
    ttl?: number;
  }

  interface KvSetOptions extends KvExpiration {
    metadata?: Json;
    /** Only if the key has this version; else it rejects with the code "CONFLICT" and the present `version`. */
    ifVersion?: number;
    /** Only if there is no such key. */
    ifAbsent?: boolean;
  }

  interface KvChange extends KvSetOptions {
    key: string;
    value: string;
  }

  /** A key, or one that is only deleted while it has the version. */
  type KvDelete = string | { key: string; ifVersion?: number };

  interface KvBatch {
    set?: KvChange[];
    delete?: KvDelete[];
  }

  interface KvIncrementOptions extends KvExpiration {
    /** What a key counts as that does not exist; 0. */
    start?: number;
  }

  interface KvKey {
    name: string;
    expiration?: number;
    metadata?: any;
  }

  /**
   * A store of the guild's own. Keys have 1 to 512 characters, values up to 1
   * MiB of UTF-8. A promise that resolved means that the change is on disk.
   */
  class KvStore {
    constructor(name: string);
    /** The value, or `null`. */
    get(key: string): Promise<string | null>;
    getWithMetadata(key: string): Promise<KvEntry>;
    /** Up to 100 keys in their order, all as they were at one moment; 4 MiB of values together. */
    getMany(keys: string[]): Promise<(KvEntry & { key: string })[]>;
    /** Replaces value, metadata and expiration together. */
    set(key: string, value: string, options?: KvSetOptions): Promise<{ version: number }>;
    /** Sets up to 100 keys, 4 MiB together, or when one cannot be set none. They all get the same version. */
    setMany(entries: KvChange[]): Promise<{ version: number }>;
    /** Deletes up to 100 keys, or when a condition does not hold none. */
    deleteMany(keys: KvDelete[]): Promise<void>;
    /** Sets and deletes up to 100 keys as one: all of it, or nothing. The version is 0 when nothing had to change. */
    batch(changes: KvBatch): Promise<{ version: number }>;
    /**
     * Adds `by`, 1 when left out, to the whole number that the value is, in one
     * step, and gives the sum. Metadata stays, and the expiration unless the
     * options have one.
     */
    increment(key: string, by?: number, options?: KvIncrementOptions): Promise<number>;
    /** Keeps value and expiration; `null` or nothing clears. Rejects with "key not found". */
    updateMetadata(key: string, metadata?: Json): Promise<void>;
    delete(key: string, options?: { ifVersion?: number }): Promise<void>;
    /** Keys in byte order, 100 by default, at most 1000; go on with `cursor` until `listComplete`. */
    list(options?: { prefix?: string; limit?: number; cursor?: string }): Promise<{ keys: KvKey[]; listComplete: boolean; cursor?: string }>;
  }

  /** A store by its name, 1 to 64 characters without "/" and "."; it comes to be with its first key. */
  function store(name: string): KvStore;
  const kv: { store(name: string): KvStore };

  const secrets: {
    /** A placeholder for the secret, to be sent with fetch; it never is the value. Undefined when there is no such secret. */
    get(name: string): string | undefined;
  };
}

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
  }

  interface KvSetOptions {
    /** When the key goes, in unix seconds. */
    expiration?: number | bigint;
    /** The same in seconds from now, at least 1; not together with `expiration`. */
    ttl?: number;
    metadata?: Json;
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
    /** Replaces value, metadata and expiration together. */
    set(key: string, value: string, options?: KvSetOptions): Promise<void>;
    /** Keeps value and expiration; `null` or nothing clears. Rejects with "key not found". */
    updateMetadata(key: string, metadata?: Json): Promise<void>;
    delete(key: string): Promise<void>;
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

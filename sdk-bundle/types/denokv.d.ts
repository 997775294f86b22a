// Deno's key-value database, and schedules.

declare namespace Deno {
  type KvKeyPart = Uint8Array | string | number | bigint | boolean | symbol;
  type KvKey = readonly KvKeyPart[];
  type KvConsistencyLevel = "strong" | "eventual";

  /** An unsigned number of 64 bits, which `sum`, `min` and `max` work on. */
  class KvU64 {
    constructor(value: bigint);
    readonly value: bigint;
    valueOf(): bigint;
    toString(): string;
  }

  interface KvEntry<T> {
    key: KvKey;
    value: T;
    /** 20 hexadecimal digits; later writes have greater ones. */
    versionstamp: string;
  }
  type KvEntryMaybe<T> = KvEntry<T> | { key: KvKey; value: null; versionstamp: null };

  interface KvCommitResult {
    ok: true;
    versionstamp: string;
  }
  interface KvCommitError {
    ok: false;
  }

  type KvListSelector = { prefix: KvKey } | { prefix: KvKey; start: KvKey } | { prefix: KvKey; end: KvKey } | { start: KvKey; end: KvKey };
  interface KvListOptions {
    /** The most entries in all. */
    limit?: number;
    /** Where an earlier iterator of the same selector was. */
    cursor?: string;
    reverse?: boolean;
    consistency?: KvConsistencyLevel;
    /** Entries read at once: 100, at most 1000. */
    batchSize?: number;
  }
  class KvListIterator<T> implements AsyncIterableIterator<KvEntry<T>> {
    private constructor();
    /** Of the last entry; empty at the end. */
    readonly cursor: string;
    next(): Promise<IteratorResult<KvEntry<T>, undefined>>;
    [Symbol.asyncIterator](): AsyncIterableIterator<KvEntry<T>>;
  }

  interface KvEnqueueOptions {
    /** Milliseconds, at most 30 days. */
    delay?: number;
    /** Where the value is put once all tries have failed; at most 10 keys. */
    keysIfUndelivered?: KvKey[];
    /** Milliseconds before each further try: at most 5 pauses of at most an hour. */
    backoffSchedule?: number[];
  }

  interface AtomicCheck {
    key: KvKey;
    /** `null`: there is no such key. */
    versionstamp: string | null;
  }
  type KvMutation = { key: KvKey } & (
    | { type: "set"; value: unknown; expireIn?: number }
    | { type: "delete" }
    | { type: "sum" | "min" | "max"; value: KvU64 }
  );

  class AtomicOperation {
    private constructor();
    check(...checks: AtomicCheck[]): this;
    mutate(...mutations: KvMutation[]): this;
    sum(key: KvKey, n: bigint): this;
    min(key: KvKey, n: bigint): this;
    max(key: KvKey, n: bigint): this;
    set(key: KvKey, value: unknown, options?: { expireIn?: number }): this;
    delete(key: KvKey): this;
    enqueue(value: unknown, options?: KvEnqueueOptions): this;
    commit(): Promise<KvCommitResult | KvCommitError>;
  }

  class Kv implements Disposable {
    private constructor();
    get<T = unknown>(key: KvKey, options?: { consistency?: KvConsistencyLevel }): Promise<KvEntryMaybe<T>>;
    /** At most 10 keys, all as they were at one moment. */
    getMany<T extends readonly unknown[]>(keys: readonly [...{ [K in keyof T]: KvKey }], options?: { consistency?: KvConsistencyLevel }): Promise<{ [K in keyof T]: KvEntryMaybe<T[K]> }>;
    set(key: KvKey, value: unknown, options?: { expireIn?: number }): Promise<KvCommitResult>;
    delete(key: KvKey): Promise<void>;
    list<T = unknown>(selector: KvListSelector, options?: KvListOptions): KvListIterator<T>;
    atomic(): AtomicOperation;
    /** The handler gets the value at least once. */
    enqueue(value: unknown, options?: KvEnqueueOptions): Promise<KvCommitResult>;
    /** Call it while the script loads and do not await it: it ends with `close()`. */
    listenQueue(handler: (value: any) => unknown): Promise<void>;
    /** What the keys have, whenever one of them has another versionstamp; at most 10 keys. */
    watch<T extends readonly unknown[]>(keys: readonly [...{ [K in keyof T]: KvKey }], options?: { raw?: boolean }): ReadableStream<{ [K in keyof T]: KvEntryMaybe<T[K]> }>;
    /** The last part of a key to set: there the key has the versionstamp of its commit. */
    commitVersionstamp(): symbol;
    close(): void;
    [Symbol.dispose](): void;
  }

  /** The server's database, or another one of it by its name. */
  function openKv(name?: string): Promise<Kv>;
}

declare namespace flora {
  interface ScheduleRun<T = any> {
    id: string;
    name: string;
    data: T;
    /** When it was to run. */
    at: Date;
    /** 1 at first; more after tries that failed. */
    attempt: number;
  }

  /** One-shot timers that outlive restarts and deployments. */
  const schedule: {
    /** Has the handler of that name run once, at the moment or soon after; gives an id. */
    (at: Date | number, name: string, data?: unknown): Promise<string>;
    on<T = any>(name: string, handler: (event: ScheduleRun<T>) => unknown): void;
    /** `false` when there is none with this id any more. */
    cancel(id: string): Promise<boolean>;
    list(options?: { name?: string }): Promise<{ id: string; name: string; at: Date; data: any }[]>;
  };
}

declare const schedule: typeof flora.schedule;

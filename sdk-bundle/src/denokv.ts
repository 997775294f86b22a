// Deno.Kv over the guild's own store.
import { base64ToBytes, bytesToBase64, copyInto, copyOf, lengthOf, part, Uint8ArrayCtor } from "./bytes";
import { bytesToClone, cloneToBytes } from "./denokvclone";
import { hexToKey, keyToHex, type KeyPart } from "./denokvkey";
import { onDelivery } from "./events";
import { callOp, later } from "./host";
import {
  ArrayIsArray,
  BigIntOf,
  ErrorCtor,
  NumberOf,
  ObjectDefineProperty,
  PromiseCtor,
  RangeErrorCtor,
  SymbolAsyncIterator,
  SymbolDispose,
  TypeErrorCtor,
  add,
  append,
  list,
  react,
  typedName,
} from "./primordials";

const valueBytes = 64 * 1024;
const mostKeys = 10;
const highest = 0xffffffffffffffffn;
const cloned = 118; // "v"
const raw = 98; // "b"
const counter = 117; // "u"

/** A number of 64 bits that sum, min and max work on. */
export class KvU64 {
  declare readonly value: bigint;

  constructor(value: bigint) {
    if (typeof value !== "bigint") throw new TypeErrorCtor("Value must be a bigint");
    if (value < 0n) throw new RangeErrorCtor("Value must be a positive bigint");
    if (value > highest) throw new RangeErrorCtor("Value must fit in a 64-bit unsigned integer");
    ObjectDefineProperty(this, "value", { __proto__: null, value, enumerable: true } as PropertyDescriptor);
  }

  valueOf(): bigint {
    return this.value;
  }

  toString(): string {
    return `${this.value}`;
  }
}

export function encodeValue(v: unknown, most = valueBytes): string {
  if (typeof v === "object" && v !== null) {
    if (v instanceof KvU64) {
      const b = new Uint8ArrayCtor(9);
      b[0] = counter;
      let n = v.value;
      for (let i = 1; i < 9; i++, n >>= 8n) b[i] = NumberOf(n & 255n);
      return bytesToBase64(b);
    }
    if (typedName(v) === "Uint8Array") {
      const n = lengthOf(v as Uint8Array);
      if (n > most) throw new TypeErrorCtor(`Value too large (max ${most} bytes)`);
      const b = new Uint8ArrayCtor(n + 1);
      b[0] = raw;
      copyInto(b, v as Uint8Array, 1);
      return bytesToBase64(b);
    }
  }
  return bytesToBase64(cloneToBytes(v, cloned, most));
}

export function decodeValue(text: string): unknown {
  const b = base64ToBytes(text);
  switch (b[0]) {
    case counter: {
      let n = 0n;
      for (let i = 8; i > 0; i--) n = (n << 8n) | BigIntOf(b[i]!);
      return new KvU64(n);
    }
    case raw:
      return copyOf(part(b, 1, lengthOf(b)));
  }
  return bytesToClone(b, 1);
}

interface Found {
  key: string;
  value: string;
  version: string;
}

function entryOf(f: Found): any {
  return { key: hexToKey(f.key), value: decodeValue(f.value), versionstamp: f.version };
}

function consistency(o: any): void {
  if (o === undefined || o === null || o.consistency === undefined) return;
  if (o.consistency !== "strong" && o.consistency !== "eventual") throw new TypeErrorCtor('consistency must be "strong" or "eventual"');
}

function expiry(o: any): number | undefined {
  const n = o?.expireIn;
  if (n === undefined || n === null) return undefined;
  if (typeof n !== "number" || !(n >= 1)) throw new TypeErrorCtor("expireIn must be a number of milliseconds, at least 1");
  return n;
}

interface Draft {
  checks: object[];
  mutations: object[];
  enqueues: object[];
}

function enqueued(value: unknown, o: any): object {
  const delay = o?.delay ?? 0;
  if (typeof delay !== "number" || !(delay >= 0)) throw new TypeErrorCtor("Delay must be >= 0");
  if (delay > 30 * 24 * 60 * 60 * 1000) throw new TypeErrorCtor("Delay cannot be greater than 30 days");
  const keys = list<string>();
  const undelivered = o?.keysIfUndelivered;
  if (undelivered !== undefined && !ArrayIsArray(undelivered)) throw new TypeErrorCtor("keysIfUndelivered must be an array of keys");
  for (let i = 0; i < (undelivered?.length ?? 0); i++) add(keys, keyToHex(undelivered[i]));
  let backoff: number[] | undefined;
  const pauses = o?.backoffSchedule;
  if (pauses !== undefined) {
    if (!ArrayIsArray(pauses)) throw new TypeErrorCtor("backoffSchedule must be an array of milliseconds");
    if (pauses.length > 5) throw new TypeErrorCtor("Invalid backoffSchedule, max 5 intervals allowed");
    backoff = list();
    for (let i = 0; i < pauses.length; i++) {
      if (typeof pauses[i] !== "number" || !(pauses[i] >= 0) || pauses[i] > 3_600_000) throw new TypeErrorCtor("Invalid backoffSchedule, interval must be 0 to 3600000 milliseconds");
      add(backoff, pauses[i]);
    }
  }
  return { value: encodeValue(value), delay, keysIfUndelivered: keys, backoffSchedule: backoff };
}

function send(store: string, d: Draft): Promise<any> {
  return callOp("op_denokv_commit", { store, checks: d.checks, mutations: d.mutations, enqueues: d.enqueues });
}

const draft = (): Draft => ({ checks: list(), mutations: list(), enqueues: list() });

async function versioned(store: string, d: Draft): Promise<any> {
  const done = await send(store, d);
  return { ok: true, versionstamp: done.version };
}

export class AtomicOperation {
  #store: string;
  #open: () => void;
  #d = draft();

  constructor(store: string, open: () => void) {
    this.#store = store;
    this.#open = open;
  }

  check(...checks: any[]): this {
    for (let i = 0; i < checks.length; i++) {
      const { key, versionstamp } = checks[i];
      if (versionstamp !== null && versionstamp !== undefined && typeof versionstamp !== "string") throw new TypeErrorCtor("A versionstamp must be a string or null");
      add(this.#d.checks, { key: keyToHex(key), version: versionstamp ?? null });
    }
    return this;
  }

  mutate(...mutations: any[]): this {
    for (let i = 0; i < mutations.length; i++) {
      const m = mutations[i];
      switch (m?.type) {
        case "delete":
          if ("value" in m && m.value !== undefined) throw new TypeErrorCtor("Invalid mutation 'delete' with value");
          this.#add("delete", m.key);
          break;
        case "set":
          this.#add("set", m.key, encodeValue(m.value), expiry(m));
          break;
        case "sum":
        case "min":
        case "max":
          if (!(m.value instanceof KvU64)) throw new TypeErrorCtor(`Cannot ${m.type} with a value that is not a Deno.KvU64`);
          this.#add(m.type, m.key, encodeValue(m.value));
          break;
        default:
          throw new TypeErrorCtor("Invalid mutation type");
      }
    }
    return this;
  }

  #add(type: string, key: unknown, value?: string, expireIn?: number): this {
    add(this.#d.mutations, { type, key: keyToHex(key), value, expireIn });
    return this;
  }

  sum(key: KeyPart[], n: bigint): this {
    return this.#add("sum", key, encodeValue(new KvU64(n)));
  }

  min(key: KeyPart[], n: bigint): this {
    return this.#add("min", key, encodeValue(new KvU64(n)));
  }

  max(key: KeyPart[], n: bigint): this {
    return this.#add("max", key, encodeValue(new KvU64(n)));
  }

  set(key: KeyPart[], value: unknown, options?: { expireIn?: number }): this {
    return this.#add("set", key, encodeValue(value), expiry(options));
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
    const done = await send(this.#store, this.#d);
    return done.ok ? { ok: true, versionstamp: done.version } : { ok: false };
  }
}

class KvListIterator {
  #store: string;
  #open: () => void;
  #start: string;
  #end: string;
  #left: number;
  #batch: number;
  #reverse: boolean;
  #page: Found[] = [];
  #at = 0;
  #last = false;
  #cursor = "";

  constructor(store: string, open: () => void, selector: any, o: any) {
    this.#store = store;
    this.#open = open;
    consistency(o);
    if (selector === null || typeof selector !== "object") throw new TypeErrorCtor("Selector must be an object");
    const { prefix, start, end } = selector;
    if (prefix !== undefined && start !== undefined && end !== undefined) throw new TypeErrorCtor("Selector can not specify both 'start' and 'end' key when specifying 'prefix'");
    if (prefix === undefined && (start === undefined || end === undefined)) throw new TypeErrorCtor("Selector must specify either 'prefix' or both 'start' and 'end' key");
    const p = prefix === undefined ? "" : keyToHex(prefix, true);
    if (start !== undefined && prefix !== undefined && !within(start, prefix)) throw new TypeErrorCtor("Start key is not in the keyspace defined by prefix");
    if (end !== undefined && prefix !== undefined && !within(end, prefix)) throw new TypeErrorCtor("End key is not in the keyspace defined by prefix");
    this.#start = start === undefined ? p + "00" : keyToHex(start, true);
    this.#end = end === undefined ? p + "ff" : keyToHex(end, true);
    if (this.#start > this.#end) throw new TypeErrorCtor("Start key is greater than end key");
    this.#left = amount("limit", o?.limit, Infinity);
    this.#batch = amount("batchSize", o?.batchSize, this.#left < 100 ? this.#left : 100);
    if (this.#batch > 1000) throw new TypeErrorCtor("Too many entries (max 1000)");
    this.#reverse = o?.reverse === true;
    if (o?.cursor !== undefined && o.cursor !== "") {
      if (typeof o.cursor !== "string") throw new TypeErrorCtor("cursor must be a string");
      this.#pass(o.cursor);
    }
  }

  #pass(key: string): void {
    if (this.#reverse) {
      if (key < this.#end) this.#end = key;
    } else if (key + "00" > this.#start) this.#start = key + "00";
  }

  get cursor(): string {
    if (this.#cursor === "") throw new ErrorCtor("Cannot get cursor before first iteration");
    return this.#cursor;
  }

  async next(): Promise<IteratorResult<any>> {
    if (this.#left <= 0) return { done: true, value: undefined };
    if (this.#at === this.#page.length) {
      if (this.#last) return { done: true, value: undefined };
      const open = this.#open;
      open();
      const limit = this.#batch < this.#left ? this.#batch : this.#left;
      const found = await callOp("op_denokv_read", { store: this.#store, ranges: [{ start: this.#start, end: this.#end, limit, reverse: this.#reverse }] });
      this.#page = found[0];
      this.#at = 0;
      let size = 0;
      for (let i = 0; i < this.#page.length; i++) size += this.#page[i]!.value.length;
      // A page is short at the end, or when it is large.
      this.#last = this.#page.length < limit && size < 1024 * 1024;
      if (this.#page.length === 0) {
        this.#last = true;
        return { done: true, value: undefined };
      }
      this.#pass(this.#page[this.#page.length - 1]!.key);
    }
    const f = this.#page[this.#at++]!;
    this.#left--;
    this.#cursor = f.key;
    return { done: false, value: entryOf(f) };
  }

  [SymbolAsyncIterator](): this {
    return this;
  }
}

function within(key: any, prefix: any): boolean {
  const p = keyToHex(prefix, true);
  const k = keyToHex(key, true);
  if (k.length < p.length) return false;
  for (let i = 0; i < p.length; i++) if (k[i] !== p[i]) return false;
  return true;
}

function amount(what: string, v: unknown, none: number): number {
  if (v === undefined || v === null) return none;
  if (typeof v !== "number" || v % 1 !== 0 || v < 1) throw new TypeErrorCtor(`${what} must be a positive integer`);
  return v;
}

interface Watcher {
  store: string;
  keys: KeyPart[][];
  look(): Promise<void>;
  end(): void;
}

const watchers = list<Watcher>();
let watching = false;

async function lookAll(): Promise<void> {
  for (let i = 0; i < watchers.length; i++) await watchers[i]!.look();
}

function startWatching(): void {
  if (watching) return;
  watching = true;
  onDelivery("__kvwatch", lookAll);
}

async function readKeys(store: string, keys: any[]): Promise<any[]> {
  const ranges = list<object>();
  for (let i = 0; i < keys.length; i++) {
    const start = keyToHex(keys[i]);
    add(ranges, { start, end: start + "00", limit: 1, reverse: false });
  }
  const found: Found[][] = await callOp("op_denokv_read", { store, ranges });
  const out: any[] = [];
  for (let i = 0; i < keys.length; i++) append(out, found[i]!.length > 0 ? entryOf(found[i]![0]!) : { key: keys[i], value: null, versionstamp: null });
  return out;
}

function checkKeys(keys: unknown): void {
  if (!ArrayIsArray(keys)) throw new TypeErrorCtor("keys must be an array of keys");
  if (keys.length > mostKeys) throw new TypeErrorCtor(`Too many keys (max ${mostKeys})`);
  for (let i = 0; i < keys.length; i++) keyToHex(keys[i]);
}

/** What watch gives: entries whenever one of them has another version. */
function watch(store: string, keys: KeyPart[][], emitAll: boolean): Watcher & { stream: object } {
  let last: string | undefined;
  let ready: any[] | undefined; // What was not read yet; a newer one takes its place.
  const queue = list<any[]>(); // With emitAll all are kept.
  let wanting: ((r: IteratorResult<any>) => void) | undefined;
  let ended = false;
  const w: any = { store, keys };
  w.look = async () => {
    const found = await readKeys(store, keys);
    let stamps = "";
    for (let i = 0; i < found.length; i++) stamps += `${found[i].versionstamp},`;
    if (ended || stamps === last) return;
    last = stamps;
    if (wanting !== undefined) {
      const give = wanting;
      wanting = undefined;
      give({ done: false, value: found });
    } else if (emitAll) add(queue, found);
    else ready = found;
  };
  w.end = () => {
    ended = true;
    for (let i = 0; i < watchers.length; i++) {
      if (watchers[i] !== w) continue;
      for (; i + 1 < watchers.length; i++) watchers[i] = watchers[i + 1]!;
      watchers.length--;
    }
    if (wanting !== undefined) wanting({ done: true, value: undefined });
    wanting = undefined;
  };
  const next = (): Promise<IteratorResult<any>> =>
    new PromiseCtor((resolve) => {
      if (queue.length > 0) {
        const value = queue[0]!;
        for (let i = 0; i + 1 < queue.length; i++) queue[i] = queue[i + 1]!;
        queue.length--;
        resolve({ done: false, value });
      } else if (ready !== undefined) {
        resolve({ done: false, value: ready });
        ready = undefined;
      } else if (ended) resolve({ done: true, value: undefined });
      else wanting = resolve;
    });
  const cancel = async (): Promise<void> => w.end();
  w.stream = {
    getReader: () => ({ read: next, cancel, releaseLock(): void {} }),
    cancel,
    [SymbolAsyncIterator]: () => ({
      next,
      return: async () => {
        w.end();
        return { done: true, value: undefined };
      },
    }),
  };
  add(watchers, w);
  return w;
}

interface Listening {
  handler: ((v: unknown) => unknown) | undefined;
}

export class Kv {
  #store: string;
  #closed = false;
  #watches: Watcher[] = list();
  #finish: (() => void) | undefined;
  #open = (): void => {
    if (this.#closed) throw new ErrorCtor("This database is closed");
  };

  constructor(store: string, token?: unknown) {
    if (token !== secret) throw new TypeErrorCtor("Deno.Kv can not be constructed, use Deno.openKv instead");
    this.#store = store;
  }

  async get(key: KeyPart[], options?: object): Promise<any> {
    this.#open();
    consistency(options);
    return (await readKeys(this.#store, [key]))[0];
  }

  async getMany(keys: KeyPart[][], options?: object): Promise<any[]> {
    this.#open();
    consistency(options);
    checkKeys(keys);
    return keys.length === 0 ? [] : readKeys(this.#store, keys);
  }

  async set(key: KeyPart[], value: unknown, options?: { expireIn?: number }): Promise<any> {
    this.#open();
    const d = draft();
    add(d.mutations, { type: "set", key: keyToHex(key), value: encodeValue(value), expireIn: expiry(options) });
    return versioned(this.#store, d);
  }

  async delete(key: KeyPart[]): Promise<void> {
    this.#open();
    const d = draft();
    add(d.mutations, { type: "delete", key: keyToHex(key) });
    await send(this.#store, d);
  }

  list(selector: object, options?: object): KvListIterator {
    this.#open();
    return new KvListIterator(this.#store, this.#open, selector, options ?? {});
  }

  atomic(): AtomicOperation {
    return new AtomicOperation(this.#store, this.#open);
  }

  async enqueue(value: unknown, options?: object): Promise<any> {
    this.#open();
    const d = draft();
    add(d.enqueues, enqueued(value, options));
    return versioned(this.#store, d);
  }

  listenQueue(handler: (v: any) => unknown): Promise<void> {
    return later(() => {
      this.#open();
      if (typeof handler !== "function") throw new TypeErrorCtor("listenQueue(handler): handler must be a function");
      const store = this.#store;
      let l = mapOf(store);
      if (l?.handler !== undefined) throw new ErrorCtor("The queue is listened to already");
      if (l === undefined) {
        const mine: Listening = { handler: undefined };
        l = mine;
        keepListening(store, mine);
        onDelivery("__kvqueue:" + store, (d) => {
          const { handler: run } = mine;
          // Whoever closed the database leaves its messages to the next.
          if (run === undefined) throw new ErrorCtor("The database is closed, so its message waits");
          return run(decodeValue((d.msg as any).value));
        });
      }
      l.handler = handler;
      return new PromiseCtor<void>((resolve) => {
        this.#finish = () => {
          l!.handler = undefined;
          resolve();
        };
      });
    });
  }

  watch(keys: KeyPart[][], options?: { raw?: boolean }): object {
    this.#open();
    checkKeys(keys);
    if (keys.length === 0) throw new TypeErrorCtor("watch needs a key");
    startWatching();
    const w = watch(this.#store, keys, options?.raw === true);
    add(this.#watches, w);
    const hex = list<string>();
    for (let i = 0; i < keys.length; i++) add(hex, keyToHex(keys[i]));
    react(
      callOp("op_denokv_watch", { store: this.#store, keys: hex }),
      () => w.look(),
      () => w.end(),
    );
    return w.stream;
  }

  close(): void {
    this.#open();
    this.#closed = true;
    for (let i = 0; i < this.#watches.length; i++) this.#watches[i]!.end();
    const finish = this.#finish;
    if (finish !== undefined) finish();
  }

  [SymbolDispose](): void {
    if (!this.#closed) this.close();
  }
}

const secret = {};
const stores = list<[string, Listening]>();

function mapOf(store: string): Listening | undefined {
  for (let i = 0; i < stores.length; i++) if (stores[i]![0] === store) return stores[i]![1];
  return undefined;
}

function keepListening(store: string, l: Listening): void {
  add(stores, [store, l]);
}

/** The guild's database, or another one of it by its name. */
export function openKv(path?: string): Promise<Kv> {
  return later(async () => {
    if (path !== undefined && (typeof path !== "string" || path === "")) throw new TypeErrorCtor("openKv(path): path must be a name");
    return new Kv(path ?? "", secret);
  });
}

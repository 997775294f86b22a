// Deno.Kv over the guild's own store.
import { badResource } from "./denoerrors";
import { type AtomicOperation, draft, enqueued, expiry, mutation, newAtomic, send } from "./denokvatomic";
import { type KeyPart, commitVersionstamp } from "./denokvkey";
import { KvListIterator, consistency } from "./denokvlist";
import { decodeValue, encodeValue } from "./denokvvalue";
import { Watch, hexOfKeys, readKeys } from "./denokvwatch";
import { onDelivery } from "./events";
import { later } from "./host";
import { ErrorCtor, PromiseCtor, SymbolDispose, TypeErrorCtor, add, charCodeAt, dict, hide, includes, indexOf, list, react, startsWith } from "./primordials";
import type { ReadableStream } from "./readable";

const longestName = 61;

const closed = (): Error => badResource("This database is closed");

/** Who listens to a database's messages. */
interface Listener {
  handler: (v: unknown) => unknown;
  running: number; // Messages that are with it.
  finish: (() => void) | undefined; // Once the database is closed and nothing runs.
}

// The listeners of each store, which take turns.
const listeners = dict<Listener[]>();

/** The name of an error after which a message waits and has not been tried. */
const unserved = "FloraUnserved";

function deliver(store: string, text: string): unknown {
  const all = listeners[store]!;
  if (all.length === 0) {
    const e = new ErrorCtor("The database is closed, so its message waits");
    hide(e, "name", unserved);
    throw e;
  }
  const l = all[0]!;
  remove(all, l);
  add(all, l);
  l.running++;
  const over = (): void => {
    l.running--;
    if (l.running === 0 && l.finish !== undefined) l.finish();
  };
  let out: unknown;
  try {
    const { handler } = l;
    out = handler(decodeValue(text));
  } catch (e) {
    over();
    throw e;
  }
  react(out, over, over);
  return out;
}

function remove<T>(from: T[], item: T): void {
  for (let i = 0; i < from.length; i++) {
    if (from[i] !== item) continue;
    for (; i + 1 < from.length; i++) from[i] = from[i + 1]!;
    from.length--;
  }
}

function listen(store: string, l: Listener): void {
  let all = listeners[store];
  if (all === undefined) {
    all = listeners[store] = list();
    onDelivery("__kvqueue:" + store, (d) => deliver(store, (d.msg as any).value));
  }
  add(all, l);
}

export class Kv {
  #store: string;
  #closed = false;
  #watches: Watch[] = list();
  #ends: { l: Listener; resolve: () => void }[] = list();
  #open = (): void => {
    if (this.#closed) throw closed();
  };

  constructor(store: string, token?: unknown) {
    if (token !== secret) throw new TypeErrorCtor("Deno.Kv can not be constructed: use Deno.openKv instead");
    this.#store = store;
  }

  async get(key: KeyPart[], options?: object): Promise<any> {
    this.#open();
    consistency(options);
    return (await readKeys(this.#store, [key], hexOfKeys([key], "ranges")))[0];
  }

  async getMany(keys: KeyPart[][], options?: object): Promise<any[]> {
    this.#open();
    consistency(options);
    const hex = hexOfKeys(keys, "ranges");
    return hex.length === 0 ? [] : await readKeys(this.#store, keys, hex);
  }

  async set(key: KeyPart[], value: unknown, options?: { expireIn?: number }): Promise<any> {
    return await this.#write("set", key, encodeValue(value), expiry(options));
  }

  async delete(key: KeyPart[]): Promise<void> {
    await this.#write("delete", key);
  }

  async #write(type: string, key: KeyPart[], value?: string, expireIn?: number): Promise<any> {
    this.#open();
    const d = draft();
    add(d.mutations, mutation(type, key, value, expireIn));
    const done = await send(this.#store, d);
    return { ok: true, versionstamp: done.version };
  }

  list(selector: object, options?: object): KvListIterator {
    this.#open();
    return new KvListIterator(this.#store, this.#open, selector, options);
  }

  atomic(): AtomicOperation {
    return newAtomic(this.#store, this.#open);
  }

  commitVersionstamp(): symbol {
    void this.#store;
    return commitVersionstamp;
  }

  async enqueue(value: unknown, options?: object): Promise<any> {
    this.#open();
    const d = draft();
    add(d.enqueues, enqueued(value, options));
    const done = await send(this.#store, d);
    return { ok: true, versionstamp: done.version };
  }

  listenQueue(handler: (v: any) => unknown): Promise<void> {
    return later(() => {
      if (this.#closed) throw new ErrorCtor("Queue already closed");
      if (typeof handler !== "function") throw new TypeErrorCtor("listenQueue(handler): handler must be a function");
      const l: Listener = { handler, running: 0, finish: undefined };
      listen(this.#store, l);
      return new PromiseCtor<void>((resolve) => add(this.#ends, { l, resolve }));
    });
  }

  watch(keys: KeyPart[][], options?: { raw?: boolean }): ReadableStream {
    this.#open();
    const w = new Watch(this.#store, keys, options?.raw === true);
    add(this.#watches, w);
    return w.stream;
  }

  close(): void {
    this.#open();
    this.#closed = true;
    for (let i = 0; i < this.#watches.length; i++) this.#watches[i]!.end();
    this.#watches.length = 0;
    for (let i = 0; i < this.#ends.length; i++) {
      const { l, resolve } = this.#ends[i]!;
      remove(listeners[this.#store]!, l);
      if (l.running === 0) resolve();
      else l.finish = resolve;
    }
    this.#ends.length = 0;
  }

  [SymbolDispose](): void {
    if (!this.#closed) this.close();
  }
}

const secret = {};

/** The guild's database, or another one of it by its name. */
export function openKv(path?: string): Promise<Kv> {
  return later(async () => new Kv(path === undefined || path === null ? "" : nameOf(path), secret));
}

function nameOf(path: unknown): string {
  if (typeof path !== "string") throw new TypeErrorCtor("Deno.openKv(path): path must be a string");
  if (path === "") throw new TypeErrorCtor("Filename cannot be empty");
  if (startsWith(path, ":")) throw new TypeErrorCtor("Filename cannot start with ':': there are no databases in memory; give a name");
  if (includes(path, "/") || indexOf(path, ".") >= 0) throw new TypeErrorCtor("Deno.openKv(path): there are no files and no remote databases here; give a name without \"/\" and \".\"");
  let n = 0;
  // A pair of surrogates is one character.
  for (let i = 0; i < path.length; i++) if ((charCodeAt(path, i) & 0xfc00) !== 0xdc00) n++;
  if (n > longestName) throw new TypeErrorCtor(`Deno.openKv(path): a name has at most ${longestName} characters`);
  return path;
}

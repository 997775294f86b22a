// What Kv.watch gives: a stream of what some keys have, whenever that changes.
import { type KeyPart, keyToHex } from "./denokvkey";
import { type Found, entryOf } from "./denokvvalue";
import { onDelivery } from "./events";
import { callOp } from "./host";
import { ArrayIsArray, PromiseCtor, TypeErrorCtor, add, append, list } from "./primordials";
import { type ReadableStream, readableFor } from "./readable";
import { DefaultController, Readable } from "./rs";

const mostKeys = 10;

/** Keys as an op takes them. */
export function hexOfKeys(keys: unknown, what: string): string[] {
  if (!ArrayIsArray(keys)) throw new TypeErrorCtor("The keys must be an array of keys");
  if (keys.length > mostKeys) throw new TypeErrorCtor(`Too many ${what} (max ${mostKeys})`);
  const out = list<string>();
  for (let i = 0; i < keys.length; i++) add(out, keyToHex(keys[i], "read"));
  return out;
}

/** The entries of keys, all as they were at one moment. */
export async function readKeys(store: string, keys: KeyPart[][], hex: string[]): Promise<any[]> {
  const ranges = list<object>();
  for (let i = 0; i < hex.length; i++) add(ranges, { start: hex[i], end: hex[i] + "00", limit: 1, reverse: false });
  const found: Found[][] = await callOp("op_denokv_read", { store, ranges });
  const out: any[] = [];
  for (let i = 0; i < hex.length; i++) append(out, found[i]!.length > 0 ? entryOf(found[i]![0]!) : { key: keys[i], value: null, versionstamp: null });
  return out;
}

const watches = list<Watch>();
let told = false;

/** Something was written: what, each watch sees for itself. */
function lookAll(): void {
  for (let i = 0; i < watches.length; i++) watches[i]!.changed();
}

export class Watch {
  #store: string;
  #keys: KeyPart[][];
  #hex: string[];
  #raw: boolean;
  #stream = new Readable();
  #c: DefaultController;
  #dirty = true;
  #wake: (() => void) | undefined;
  #registered: Promise<unknown> | undefined;
  #last = "";
  #ended = false;

  constructor(store: string, keys: KeyPart[][], raw: boolean) {
    this.#store = store;
    this.#hex = hexOfKeys(keys, "keys");
    if (this.#hex.length === 0) throw new TypeErrorCtor("watch needs a key");
    this.#keys = [];
    // The script may change its list.
    for (let i = 0; i < this.#hex.length; i++) append(this.#keys, keys[i]!);
    this.#raw = raw;
    // Nothing is read ahead: who reads late gets what is there then.
    const c = (this.#c = new DefaultController(this.#stream, 0, undefined));
    c.pull = () => this.#next();
    c.cancel = async () => this.#remove();
    c.begin(undefined);
    if (!told) onDelivery("__kvwatch", lookAll);
    told = true;
    add(watches, this);
  }

  get stream(): ReadableStream {
    return readableFor(this.#stream);
  }

  changed(): void {
    this.#dirty = true;
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake !== undefined) wake();
  }

  async #next(): Promise<void> {
    // Only what comes after this is told, so the first look is behind it.
    await (this.#registered ??= callOp("op_denokv_watch", { store: this.#store, keys: this.#hex }));
    for (;;) {
      if (!this.#dirty) await new PromiseCtor<void>((resolve) => (this.#wake = resolve));
      if (this.#ended) return;
      this.#dirty = false;
      const found = await readKeys(this.#store, this.#keys, this.#hex);
      if (this.#ended) return;
      let stamps = "";
      for (let i = 0; i < found.length; i++) stamps += `${found[i].versionstamp},`;
      if (stamps === this.#last && !this.#raw) continue;
      this.#last = stamps;
      this.#c.enqueue(found);
      return;
    }
  }

  #remove(): void {
    this.#ended = true;
    for (let i = 0; i < watches.length; i++) {
      if (watches[i] !== this) continue;
      for (; i + 1 < watches.length; i++) watches[i] = watches[i + 1]!;
      watches.length--;
    }
    this.changed();
  }

  /** The database is closed. */
  end(): void {
    if (this.#ended) return;
    this.#remove();
    this.#c.close();
  }
}

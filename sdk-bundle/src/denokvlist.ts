// Entries of a Deno.Kv in the order of their keys.
import { boundToHex, cursorToHex, hexToCursor } from "./denokvkey";
import { type Found, entryOf } from "./denokvvalue";
import { callOp } from "./host";
import { ErrorCtor, SymbolAsyncIterator, TypeErrorCtor, hasOwn, slice, startsWith } from "./primordials";

const usualBatch = 100;
const mostUnasked = 500;
const mostAtOnce = 1000;
/** A page that is short although it is this large is not the last one. */
const largePage = 1024 * 1024;

export function consistency(o: any): void {
  const level = o?.consistency;
  if (level !== undefined && level !== null && level !== "strong" && level !== "eventual") throw new TypeErrorCtor('consistency must be "strong" or "eventual"');
}

interface Bounds {
  start: string;
  end: string;
  /** What all keys begin with, which cursors leave out. */
  common: string;
}

/** An own member, which is what Deno looks at. */
function member(o: any, name: string): any {
  return hasOwn(o, name) ? o[name] : undefined;
}

/** Refuses a selector; what is wrong with its keys is told when they are read. */
function boundsOf(selector: any): () => Bounds {
  if (selector === null || typeof selector !== "object") throw new TypeErrorCtor("Selector must be an object");
  const prefix = member(selector, "prefix");
  const start = member(selector, "start");
  const end = member(selector, "end");
  if (prefix !== undefined && start !== undefined && end !== undefined) throw new TypeErrorCtor("Selector can not specify both 'start' and 'end' key when specifying 'prefix'");
  if (prefix === undefined && (start === undefined || end === undefined)) throw new TypeErrorCtor("Selector must specify either 'prefix' or both 'start' and 'end' key");
  return prefix === undefined ? () => range(start, end) : () => prefixed(prefix, start, end);
}

function prefixed(prefix: unknown, start: unknown, end: unknown): Bounds {
  const common = boundToHex(prefix);
  const out = { start: common + "00", end: common + "ff", common };
  if (start !== undefined) {
    out.start = boundToHex(start);
    if (!startsWith(out.start, common) || out.start === common) throw new TypeErrorCtor("Start key is not in the keyspace defined by prefix");
  }
  if (end !== undefined) {
    out.end = boundToHex(end);
    if (!startsWith(out.end, common) || out.end === common) throw new TypeErrorCtor("End key is not in the keyspace defined by prefix");
  }
  return out;
}

function range(from: unknown, to: unknown): Bounds {
  const start = boundToHex(from);
  const end = boundToHex(to);
  if (start > end) throw new TypeErrorCtor("Start key is greater than end key");
  let n = 0;
  while (n < start.length && n < end.length && slice(start, n, n + 2) === slice(end, n, n + 2)) n += 2;
  return { start, end, common: slice(start, 0, n) };
}

function amount(what: string, v: unknown, none: number): number {
  if (v === undefined || v === null) return none;
  if (typeof v !== "number" || v % 1 !== 0) throw new TypeErrorCtor(`${what} must be a whole number`);
  if (v <= 0) throw new ErrorCtor(`${what} must be positive: received ${v}`);
  return v;
}

export class KvListIterator {
  #store: string;
  #open: () => void;
  #boundsOf: () => Bounds;
  #bounds: Bounds | undefined;
  #left: number;
  #batch: number;
  #reverse: boolean;
  #page: Found[] = [];
  #at = 0;
  #last = false;
  #done = false;
  #cursor: string | undefined;

  constructor(store: string, open: () => void, selector: any, o: any) {
    if (typeof open !== "function") throw new TypeErrorCtor("Deno.KvListIterator can not be constructed: use list() of a Deno.Kv instead");
    this.#store = store;
    this.#open = open;
    consistency(o);
    const limit = amount("Limit", o?.limit, Infinity);
    const unasked = limit === Infinity ? usualBatch : limit < mostUnasked ? limit : mostUnasked;
    this.#batch = amount("batchSize", o?.batchSize, unasked);
    this.#left = limit;
    this.#boundsOf = boundsOf(selector);
    this.#reverse = o?.reverse === true;
    const cursor = o?.cursor;
    if (cursor !== undefined && cursor !== null && typeof cursor !== "string") throw new TypeErrorCtor("The cursor must be a string");
    if (cursor) this.#cursor = cursor;
  }

  /** Where the last entry is; empty once there are no more. */
  get cursor(): string {
    if (this.#done) return "";
    if (this.#cursor === undefined) throw new ErrorCtor("Cannot get cursor before first iteration");
    return this.#cursor;
  }

  /** What is to be read, which begins behind a cursor. */
  #prepare(): Bounds {
    const make = this.#boundsOf;
    const b = make();
    if (this.#batch > mostAtOnce) throw new TypeErrorCtor(`Too many entries (max ${mostAtOnce})`);
    if (this.#cursor !== undefined) {
      const key = b.common + cursorToHex(this.#cursor);
      if (this.#reverse ? key > b.end : key + "00" < b.start) throw new TypeErrorCtor("Cursor out of bounds");
      this.#pass(b, key);
    }
    return b;
  }

  #pass(b: Bounds, key: string): void {
    if (this.#reverse) {
      if (key < b.end) b.end = key;
    } else if (key + "00" > b.start) b.start = key + "00";
  }

  async next(): Promise<IteratorResult<any>> {
    if (this.#done || this.#left <= 0) return { done: true, value: undefined };
    const b = (this.#bounds ??= this.#prepare());
    if (this.#at === this.#page.length && !this.#last) await this.#read(b);
    if (this.#at === this.#page.length) {
      this.#done = true;
      return { done: true, value: undefined };
    }
    const f = this.#page[this.#at++]!;
    this.#left--;
    this.#cursor = hexToCursor(slice(f.key, b.common.length));
    return { done: false, value: entryOf(f) };
  }

  async #read(b: Bounds): Promise<void> {
    const open = this.#open;
    open();
    const limit = this.#batch < this.#left ? this.#batch : this.#left;
    const found = await callOp("op_denokv_read", { store: this.#store, ranges: [{ start: b.start, end: b.end, limit, reverse: this.#reverse }] });
    const page: Found[] = found[0];
    let size = 0;
    for (let i = 0; i < page.length; i++) size += page[i]!.key.length + page[i]!.value.length;
    this.#last = page.length === 0 || (page.length < limit && size < largePage);
    if (page.length > 0) this.#pass(b, page[page.length - 1]!.key);
    this.#page = page;
    this.#at = 0;
  }

  [SymbolAsyncIterator](): this {
    return this;
  }
}

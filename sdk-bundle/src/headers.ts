// Headers, by the fetch standard.
import { toLowerCase } from "./bytes";
import {
  ArrayIsArray,
  ObjectDefineProperty,
  ObjectKeys,
  ReflectApply,
  SymbolIterator,
  TypeErrorCtor,
  add,
  append,
  charCodeAt,
  list,
  regExpExec,
  slice,
} from "./primordials";
import { expose, textOf } from "./webidl";

export type Pair = [name: string, value: string];

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function nameOf(v: unknown): string {
  const name = textOf(v);
  if (regExpExec(token, name) === null) throw new TypeErrorCtor(`Headers: ${slice(name, 0, 64)} is no name of a header`);
  return toLowerCase(name);
}

function blank(c: number): boolean {
  return c === 32 || c === 9 || c === 10 || c === 13;
}

function valueOf(v: unknown): string {
  const text = textOf(v);
  let from = 0;
  let to = text.length;
  while (from < to && blank(charCodeAt(text, from))) from++;
  while (to > from && blank(charCodeAt(text, to - 1))) to--;
  const value = slice(text, from, to);
  for (let i = 0; i < value.length; i++) {
    const c = charCodeAt(value, i);
    if (c === 0 || c === 10 || c === 13) throw new TypeErrorCtor("Headers: a value has a line break or a NUL");
    if (c > 0xff) throw new TypeErrorCtor("Headers: a value has a character above U+00FF; encode it first");
  }
  return value;
}

/** A list of what an iterable gives; it runs the script's own iterator. */
function items(of: any, most: number): unknown[] {
  const out = list<unknown>();
  if (ArrayIsArray(of)) {
    for (let i = 0; i < of.length; i++) add(out, of[i]);
    return out;
  }
  const it: any = ReflectApply(of[SymbolIterator], of, []);
  for (;;) {
    const step = it.next();
    if (step.done) return out;
    if (out.length >= most) throw new TypeErrorCtor(`Headers: there are more than ${most}`);
    add(out, step.value);
  }
}

/** The names and values of what a list of headers may be made from. */
export function pairsOf(init: any, what: string): [unknown, unknown][] {
  const out = list<[unknown, unknown]>();
  if (init === undefined || init === null) return out;
  if (typeof init !== "object" && typeof init !== "function") throw new TypeErrorCtor(`${what}: expected an object or a list of pairs`);
  if (typeof init[SymbolIterator] === "function") {
    const all = items(init, 100_000);
    for (let i = 0; i < all.length; i++) {
      const one = all[i] as any;
      const pair = one !== null && typeof one === "object" && typeof one[SymbolIterator] === "function" ? items(one, 3) : list<unknown>();
      if (pair.length !== 2) throw new TypeErrorCtor(`${what}: each entry must be a pair of name and value`);
      add(out, [pair[0], pair[1]]);
    }
    return out;
  }
  const keys = ObjectKeys(init);
  for (let i = 0; i < keys.length; i++) add(out, [keys[i], init[keys[i]!]]);
  return out;
}

/** Names in order, with the values of one joined; each cookie is its own. */
function sorted(all: Pair[]): Pair[] {
  const out = list<Pair>();
  for (let i = 0; i < all.length; i++) {
    const name = all[i]![0];
    const value = all[i]![1];
    let at = out.length;
    let same = false;
    while (at > 0 && out[at - 1]![0] >= name) {
      if (out[at - 1]![0] === name) {
        same = true;
        break;
      }
      at--;
    }
    if (same && name !== "set-cookie") {
      out[at - 1]![1] += ", " + value;
      continue;
    }
    for (let j = out.length; j > at; j--) out[j] = out[j - 1]!;
    out[at] = [name, value];
  }
  return out;
}

let listOf: (h: Headers) => Pair[];
let ownList: (v: unknown) => Pair[] | undefined;

export class Headers {
  #list = list<Pair>();

  static {
    listOf = (h) => h.#list;
    ownList = (v) => (v !== null && typeof v === "object" && #list in v ? (v as Headers).#list : undefined);
  }

  constructor(init?: unknown) {
    const other = ownList(init);
    if (other !== undefined) {
      for (let i = 0; i < other.length; i++) add(this.#list, [other[i]![0], other[i]![1]]);
      return;
    }
    const all = pairsOf(init, "Headers");
    for (let i = 0; i < all.length; i++) add(this.#list, [nameOf(all[i]![0]), valueOf(all[i]![1])]);
  }
  append(name: unknown, value: unknown): void {
    add(this.#list, [nameOf(name), valueOf(value)]);
  }
  set(name: unknown, value: unknown): void {
    const n = nameOf(name);
    const v = valueOf(value);
    this.delete(n);
    add(this.#list, [n, v]);
  }
  delete(name: unknown): void {
    const n = nameOf(name);
    const kept = list<Pair>();
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] !== n) add(kept, this.#list[i]!);
    this.#list = kept;
  }
  get(name: unknown): string | null {
    const n = nameOf(name);
    let out: string | null = null;
    for (let i = 0; i < this.#list.length; i++) {
      const p = this.#list[i]!;
      if (p[0] === n) out = out === null ? p[1] : out + ", " + p[1];
    }
    return out;
  }
  has(name: unknown): boolean {
    const n = nameOf(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) return true;
    return false;
  }
  getSetCookie(): string[] {
    const out: string[] = [];
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i]![0] === "set-cookie") append(out, this.#list[i]![1]);
    }
    return out;
  }
  forEach(f: (value: string, name: string, headers: Headers) => unknown, thisArg?: unknown): void {
    if (typeof f !== "function") throw new TypeErrorCtor("Headers.forEach: the callback must be a function");
    const all = sorted(this.#list);
    for (let i = 0; i < all.length; i++) ReflectApply(f, thisArg, [all[i]![1], all[i]![0], this]);
  }
  *entries(): Generator<Pair> {
    const all = sorted(this.#list);
    for (let i = 0; i < all.length; i++) yield [all[i]![0], all[i]![1]];
  }
  *keys(): Generator<string> {
    const all = sorted(this.#list);
    for (let i = 0; i < all.length; i++) yield all[i]![0];
  }
  *values(): Generator<string> {
    const all = sorted(this.#list);
    for (let i = 0; i < all.length; i++) yield all[i]![1];
  }
  [SymbolIterator](): Generator<Pair> {
    return this.entries();
  }
}
ObjectDefineProperty(Headers.prototype, SymbolIterator, { __proto__: null, value: Headers.prototype.entries, writable: true, configurable: true } as PropertyDescriptor);
expose(Headers, "Headers");

/** The list behind Headers, for the SDK only. */
export function rawList(h: Headers): Pair[] {
  return listOf(h);
}

/** The value of a header, by its name in lower case; it runs no script's code. */
export function headerOf(h: Headers, name: string): string | null {
  const all = listOf(h);
  let out: string | null = null;
  for (let i = 0; i < all.length; i++) if (all[i]![0] === name) out = out === null ? all[i]![1] : `${out}, ${all[i]![1]}`;
  return out;
}

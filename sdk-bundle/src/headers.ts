// Headers, by the fetch standard.
import { toLowerCase } from "./bytes";
import { iterable, type Pairs, pairsOf, replaced } from "./pairs";
import { TypeErrorCtor, add, append, charCodeAt, list, regExpExec, slice } from "./primordials";
import { expose, needs, textOf } from "./webidl";

export type Pair = [name: string, value: string];

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A text of bytes. */
function bytesOf(v: unknown, what = "value"): string {
  const text = textOf(v);
  for (let i = 0; i < text.length; i++) {
    if (charCodeAt(text, i) > 0xff) throw new TypeErrorCtor(`Headers: a ${what} has a character above U+00FF; encode it first`);
  }
  return text;
}

function bytesOfName(v: unknown): string {
  return bytesOf(v, "name");
}

function lowerName(v: unknown): string {
  const name = bytesOf(v, "name");
  if (regExpExec(token, name) === null) throw new TypeErrorCtor(`Headers: ${slice(name, 0, 64)} is no name of a header`);
  return toLowerCase(name);
}

function blank(c: number): boolean {
  return c === 32 || c === 9 || c === 10 || c === 13;
}

function valueOf(v: unknown): string {
  const text = bytesOf(v);
  let from = 0;
  let to = text.length;
  while (from < to && blank(charCodeAt(text, from))) from++;
  while (to > from && blank(charCodeAt(text, to - 1))) to--;
  const value = slice(text, from, to);
  for (let i = 0; i < value.length; i++) {
    const c = charCodeAt(value, i);
    if (c === 0 || c === 10 || c === 13) throw new TypeErrorCtor("Headers: a value has a line break or a NUL");
  }
  return value;
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
let sortedOf: (h: Headers) => Pair[];
let lock: (h: Headers) => void;
/** Whether headers cannot be changed. */
export let isLocked: (h: Headers) => boolean;

export interface Headers extends Pairs<string> {}
export class Headers {
  #list = list<Pair>();
  #sorted: Pair[] | undefined; // As they are iterated; undefined when that has changed.
  #locked = false;

  static {
    listOf = (h) => h.#list;
    sortedOf = (h) => (h.#sorted ??= sorted(h.#list));
    lock = (h) => {
      h.#locked = true;
    };
    isLocked = (h) => h.#locked;
  }

  constructor(init: unknown = undefined) {
    if (init === undefined) return;
    const all = pairsOf(init, "Headers", bytesOfName, bytesOf, Headers, sortedOf);
    for (let i = 0; i < all.length; i++) add(this.#list, [lowerName(all[i]![0]), valueOf(all[i]![1])]);
  }
  #change(all: Pair[]): void {
    this.#list = all;
    this.#sorted = undefined;
  }
  append(name: unknown, value: unknown): void {
    needs(2, arguments.length, "Headers.append");
    this.#add(lowerName(name), valueOf(value));
  }
  #add(name: string, value: string): void {
    this.#open();
    add(this.#list, [name, value]);
    this.#sorted = undefined;
  }
  #open(): void {
    if (this.#locked) throw new TypeErrorCtor("Headers: these headers cannot be changed; copy them with new Headers(headers)");
  }
  set(name: unknown, value: unknown): void {
    needs(2, arguments.length, "Headers.set");
    const n = lowerName(name);
    const v = valueOf(value);
    this.#open();
    this.#change(replaced(this.#list, n, v));
  }
  delete(name: unknown): void {
    needs(1, arguments.length, "Headers.delete");
    const n = lowerName(name);
    this.#open();
    const kept = list<Pair>();
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] !== n) add(kept, this.#list[i]!);
    this.#change(kept);
  }
  get(name: unknown): string | null {
    needs(1, arguments.length, "Headers.get");
    const n = lowerName(name);
    return joinedOf(this.#list, n);
  }
  has(name: unknown): boolean {
    needs(1, arguments.length, "Headers.has");
    const n = lowerName(name);
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
}
iterable(Headers, "Headers", (h: Headers) => sortedOf(h));
expose(Headers, "Headers");

function joinedOf(all: Pair[], name: string): string | null {
  let out: string | null = null;
  for (let i = 0; i < all.length; i++) {
    const p = all[i]!;
    if (p[0] === name) out = out === null ? p[1] : out + ", " + p[1];
  }
  return out;
}

/** Headers of their own with what others have; it runs no script's code. */
export function copied(h: Headers): Headers {
  const out = new Headers();
  const from = listOf(h);
  const to = listOf(out);
  for (let i = 0; i < from.length; i++) add(to, from[i]!);
  return out;
}

/** Keeps a script from changing headers. */
export function locked(h: Headers): void {
  lock(h);
}

/** The list behind Headers, for the SDK only. */
export function rawList(h: Headers): Pair[] {
  return listOf(h);
}

/** The value of a header, by its name in lower case; it runs no script's code. */
export function headerOf(h: Headers, name: string): string | null {
  return joinedOf(listOf(h), name);
}

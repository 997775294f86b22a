// URLSearchParams, by the URL standard.
import { Uint8ArrayCtor, base64ToText, bytesToBase64, charCode, part, toWellFormed } from "./bytes";
import { iterable, type Pairs, pairsOf, replaced } from "./pairs";
import { add, append, charCodeAt, decodeComponent, encodeComponent, indexOf, list, numberToString, slice, split, startsWith, toUpperCase } from "./primordials";
import { expose, needs, usv } from "./webidl";

const hex = "0123456789ABCDEF";

/** A text as application/x-www-form-urlencoded has it. */
function encode(s: string): string {
  const escaped = encodeComponent(toWellFormed(s));
  let out = "";
  let from = 0;
  for (let i = 0; i < escaped.length; i++) {
    const c = charCodeAt(escaped, i);
    // ! ' ( ) ~ are escaped here, and a space is +.
    const space = c === 37 && charCodeAt(escaped, i + 1) === 50 && charCodeAt(escaped, i + 2) === 48;
    if (!space && c !== 33 && c !== 39 && c !== 40 && c !== 41 && c !== 126) continue;
    out += slice(escaped, from, i) + (space ? "+" : "%" + toUpperCase(numberToString(c, 16)));
    if (space) i += 2;
    from = i + 1;
  }
  return out + slice(escaped, from);
}

function digit(c: number): number {
  return c !== c ? -1 : indexOf(hex, toUpperCase(slice(ascii, c, c + 1)));
}

const ascii = (() => {
  let out = "";
  for (let i = 0; i < 128; i++) out += charCode(i);
  return out;
})();

function decode(s: string): string {
  let text = s;
  if (indexOf(s, "+") >= 0) {
    const parts = split(s, "+");
    text = parts[0]!;
    for (let i = 1; i < parts.length; i++) text += " " + parts[i];
  }
  if (indexOf(text, "%") < 0) return toWellFormed(text);
  try {
    return decodeComponent(toWellFormed(text));
  } catch {
    // A stray % stays, and what is not UTF-8 becomes U+FFFD.
  }
  const escaped = encodeComponent(toWellFormed(text));
  const bytes = new Uint8ArrayCtor(escaped.length);
  let n = 0;
  const value = (i: number): number => {
    if (charCodeAt(escaped, i) !== 37) return -1;
    const a = digit(charCodeAt(escaped, i + 1));
    const b = digit(charCodeAt(escaped, i + 2));
    return a < 0 || b < 0 ? -1 : a * 16 + b;
  };
  for (let i = 0; i < escaped.length; ) {
    const v = value(i);
    if (v < 0) {
      bytes[n++] = charCodeAt(escaped, i++);
      continue;
    }
    i += 3;
    // escape made %25 of a % that was there: two digits after it are its own.
    const a = v === 37 ? digit(charCodeAt(escaped, i)) : -1;
    const b = v === 37 ? digit(charCodeAt(escaped, i + 1)) : -1;
    if (a >= 0 && b >= 0) {
      bytes[n++] = a * 16 + b;
      i += 2;
    } else {
      bytes[n++] = v;
    }
  }
  return base64ToText(bytesToBase64(part(bytes, 0, n)));
}

/** Gives parameters the names and values of a query. */
export let fill: (p: URLSearchParams, query: string) => void;
/** Calls tell with the query when parameters change. */
export let attach: (p: URLSearchParams, tell: (query: string) => void) => void;
let listOf: (p: URLSearchParams) => [string, string][];
let isParams: (v: unknown) => boolean;

export interface URLSearchParams extends Pairs<string> {}
export class URLSearchParams {
  #list = list<[string, string]>();
  #tell: ((query: string) => void) | undefined;

  static {
    fill = (p, query) => {
      p.#list = parse(query);
    };
    attach = (p, tell) => {
      p.#tell = tell;
    };
    listOf = (p) => p.#list;
    isParams = (v) => v !== null && typeof v === "object" && #list in v;
  }

  constructor(init: unknown = "") {
    if (init !== null && (typeof init === "object" || typeof init === "function")) this.#list = pairsOf(init, "URLSearchParams", usv, usv, URLSearchParams, listOf);
    else this.#list = parse(usv(init));
  }
  #changed(): void {
    const tell = this.#tell;
    if (tell !== undefined) tell(written(this.#list));
  }
  get size(): number {
    return this.#list.length;
  }
  append(name: unknown, value: unknown): void {
    needs(2, arguments.length, "URLSearchParams.append");
    add(this.#list, [usv(name), usv(value)]);
    this.#changed();
  }
  delete(name: unknown, value: unknown = undefined): void {
    needs(1, arguments.length, "URLSearchParams.delete");
    const n = usv(name);
    const v = value === undefined ? undefined : usv(value);
    const kept = list<[string, string]>();
    for (let i = 0; i < this.#list.length; i++) {
      const p = this.#list[i]!;
      if (p[0] !== n || (v !== undefined && p[1] !== v)) add(kept, p);
    }
    this.#list = kept;
    this.#changed();
  }
  get(name: unknown): string | null {
    needs(1, arguments.length, "URLSearchParams.get");
    const n = usv(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) return this.#list[i]![1];
    return null;
  }
  getAll(name: unknown): string[] {
    needs(1, arguments.length, "URLSearchParams.getAll");
    const n = usv(name);
    const out: string[] = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) append(out, this.#list[i]![1]);
    return out;
  }
  has(name: unknown, value: unknown = undefined): boolean {
    needs(1, arguments.length, "URLSearchParams.has");
    const n = usv(name);
    const v = value === undefined ? undefined : usv(value);
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i]![0] === n && (v === undefined || this.#list[i]![1] === v)) return true;
    }
    return false;
  }
  set(name: unknown, value: unknown): void {
    needs(2, arguments.length, "URLSearchParams.set");
    const n = usv(name);
    const v = usv(value);
    this.#list = replaced(this.#list, n, v);
    this.#changed();
  }
  sort(): void {
    // By insertion, which keeps the order of equal names.
    const out = list<[string, string]>();
    for (let i = 0; i < this.#list.length; i++) {
      const p = this.#list[i]!;
      let at = out.length;
      while (at > 0 && out[at - 1]![0] > p[0]) {
        out[at] = out[at - 1]!;
        at--;
      }
      out[at] = p;
    }
    this.#list = out;
    this.#changed();
  }
  toString(): string {
    return written(this.#list);
  }
}

function written(all: [string, string][]): string {
  let out = "";
  for (let i = 0; i < all.length; i++) out += (i > 0 ? "&" : "") + encode(all[i]![0]) + "=" + encode(all[i]![1]);
  return out;
}

function parse(query: string): [string, string][] {
  const out = list<[string, string]>();
  const parts = split(startsWith(query, "?") ? slice(query, 1) : query, "&");
  for (let i = 0; i < parts.length; i++) {
    const one = parts[i]!;
    if (one === "") continue;
    const at = indexOf(one, "=");
    add(out, at < 0 ? [decode(one), ""] : [decode(slice(one, 0, at)), decode(slice(one, at + 1))]);
  }
  return out;
}

/** The text of URLSearchParams as a body; undefined for anything else. */
export function formOf(v: unknown): string | undefined {
  return isParams(v) ? written(listOf(v as URLSearchParams)) : undefined;
}

iterable(URLSearchParams, "URLSearchParams", listOf);
expose(URLSearchParams, "URLSearchParams");

/** The pairs of application/x-www-form-urlencoded; unlike a query it has no mark before it. */
export function pairsIn(text: string): [string, string][] {
  return parse(startsWith(text, "?") ? "&" + text : text);
}

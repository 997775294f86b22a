// URL and URLSearchParams; the host parses.
import { Uint8ArrayCtor, base64ToText, bytesToBase64, charCode, part, toWellFormed } from "./bytes";
import { pairsOf } from "./headers";
import { natives } from "./host";
import {
  JSONParse,
  JSONStringify,
  ObjectDefineProperty,
  ReflectApply,
  SymbolIterator,
  TypeErrorCtor,
  add,
  append,
  charCodeAt,
  decodeComponent,
  encodeComponent,
  indexOf,
  list,
  numberToString,
  slice,
  split,
  startsWith,
  toUpperCase,
} from "./primordials";
import { expose, textOf } from "./webidl";

interface Parts {
  href: string;
  origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
}

function ask(args: string[]): Parts {
  const { url } = natives;
  return JSONParse(url(0, 0, JSONStringify(args)) as string);
}

/** A list for JSON without what a script may have put on Array.prototype. */
function of(a: string, b?: string, c?: string): string[] {
  const out = list<string>();
  add(out, a);
  if (b !== undefined) add(out, b);
  if (c !== undefined) add(out, c);
  return out;
}

let update: (u: URL, search: string) => void;
let partsOf: (u: unknown) => Parts | undefined;

export class URL {
  #p: Parts;
  #params: URLSearchParams | undefined;

  static {
    update = (u, search) => {
      u.#p = ask(of(u.#p.href, "search", search));
    };
    partsOf = (u) => (u !== null && typeof u === "object" && #p in u ? (u as URL).#p : undefined);
  }

  constructor(url: unknown, base?: unknown) {
    const text = textOf(url);
    const from = base === undefined ? undefined : textOf(base);
    try {
      this.#p = ask(of(text, from));
    } catch {
      throw new TypeErrorCtor(`Invalid URL: '${slice(text, 0, 200)}'${from === undefined ? "" : ` with base '${slice(from, 0, 200)}'`}`);
    }
  }
  static canParse(url: unknown, base?: unknown): boolean {
    return URL.parse(url, base) !== null;
  }
  static parse(url: unknown, base?: unknown): URL | null {
    const text = textOf(url);
    const from = base === undefined ? undefined : textOf(base);
    try {
      return new URL(text, from);
    } catch {
      return null;
    }
  }
  #set(member: string, value: unknown): void {
    const text = textOf(value);
    try {
      this.#p = ask(of(this.#p.href, member, text));
    } catch {
      if (member === "href") throw new TypeErrorCtor(`Invalid URL: '${slice(text, 0, 200)}'`);
    }
    if (this.#params !== undefined) fill(this.#params, this.#p.search);
  }
  get href(): string {
    return this.#p.href;
  }
  set href(v: unknown) {
    this.#set("href", v);
  }
  get origin(): string {
    return this.#p.origin;
  }
  get protocol(): string {
    return this.#p.protocol;
  }
  set protocol(v: unknown) {
    this.#set("protocol", v);
  }
  get username(): string {
    return this.#p.username;
  }
  set username(v: unknown) {
    this.#set("username", v);
  }
  get password(): string {
    return this.#p.password;
  }
  set password(v: unknown) {
    this.#set("password", v);
  }
  get host(): string {
    return this.#p.host;
  }
  set host(v: unknown) {
    this.#set("host", v);
  }
  get hostname(): string {
    return this.#p.hostname;
  }
  set hostname(v: unknown) {
    this.#set("hostname", v);
  }
  get port(): string {
    return this.#p.port;
  }
  set port(v: unknown) {
    this.#set("port", v);
  }
  get pathname(): string {
    return this.#p.pathname;
  }
  set pathname(v: unknown) {
    this.#set("pathname", v);
  }
  get search(): string {
    return this.#p.search;
  }
  set search(v: unknown) {
    this.#set("search", v);
  }
  get hash(): string {
    return this.#p.hash;
  }
  set hash(v: unknown) {
    this.#set("hash", v);
  }
  get searchParams(): URLSearchParams {
    if (this.#params === undefined) {
      this.#params = new URLSearchParams(this.#p.search);
      attach(this.#params, this);
    }
    return this.#params;
  }
  toString(): string {
    return this.#p.href;
  }
  toJSON(): string {
    return this.#p.href;
  }
}

/** The address of a URL object; undefined for anything else. */
export function hrefOf(v: unknown): string | undefined {
  return partsOf(v)?.href;
}

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

let fill: (p: URLSearchParams, query: string) => void;
let attach: (p: URLSearchParams, to: URL) => void;
let isParams: (v: unknown) => boolean;

export class URLSearchParams {
  #list = list<[string, string]>();
  #url: URL | undefined;

  static {
    fill = (p, query) => {
      p.#list = parse(query);
    };
    attach = (p, to) => {
      p.#url = to;
    };
    isParams = (v) => v !== null && typeof v === "object" && #list in v;
  }

  constructor(init: unknown = "") {
    if (init !== null && (typeof init === "object" || typeof init === "function")) {
      const all = isParams(init) ? (init as URLSearchParams).#list : pairsOf(init, "URLSearchParams");
      for (let i = 0; i < all.length; i++) add(this.#list, [toWellFormed(textOf(all[i]![0])), toWellFormed(textOf(all[i]![1]))]);
      return;
    }
    this.#list = parse(textOf(init));
  }
  #changed(): void {
    if (this.#url !== undefined) update(this.#url, this.toString());
  }
  get size(): number {
    return this.#list.length;
  }
  append(name: unknown, value: unknown): void {
    add(this.#list, [toWellFormed(textOf(name)), toWellFormed(textOf(value))]);
    this.#changed();
  }
  delete(name: unknown, value?: unknown): void {
    this.#drop(textOf(name), value);
    this.#changed();
  }
  #drop(name: string, value?: unknown): void {
    const kept = list<[string, string]>();
    for (let i = 0; i < this.#list.length; i++) {
      const p = this.#list[i]!;
      if (p[0] !== name || (value !== undefined && p[1] !== textOf(value))) add(kept, p);
    }
    this.#list = kept;
  }
  get(name: unknown): string | null {
    const n = textOf(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) return this.#list[i]![1];
    return null;
  }
  getAll(name: unknown): string[] {
    const n = textOf(name);
    const out: string[] = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) append(out, this.#list[i]![1]);
    return out;
  }
  has(name: unknown, value?: unknown): boolean {
    const n = textOf(name);
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i]![0] === n && (value === undefined || this.#list[i]![1] === textOf(value))) return true;
    }
    return false;
  }
  set(name: unknown, value: unknown): void {
    const n = toWellFormed(textOf(name));
    const v = toWellFormed(textOf(value));
    const kept = list<[string, string]>();
    let found = false;
    for (let i = 0; i < this.#list.length; i++) {
      const p = this.#list[i]!;
      if (p[0] !== n) add(kept, p);
      else if (!found) add(kept, [n, v]);
      if (p[0] === n) found = true;
    }
    if (!found) add(kept, [n, v]);
    this.#list = kept;
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
  forEach(f: (value: string, name: string, params: URLSearchParams) => unknown, thisArg?: unknown): void {
    if (typeof f !== "function") throw new TypeErrorCtor("URLSearchParams.forEach: the callback must be a function");
    for (let i = 0; i < this.#list.length; i++) ReflectApply(f, thisArg, [this.#list[i]![1], this.#list[i]![0], this]);
  }
  *entries(): Generator<[string, string]> {
    for (let i = 0; i < this.#list.length; i++) yield [this.#list[i]![0], this.#list[i]![1]];
  }
  *keys(): Generator<string> {
    for (let i = 0; i < this.#list.length; i++) yield this.#list[i]![0];
  }
  *values(): Generator<string> {
    for (let i = 0; i < this.#list.length; i++) yield this.#list[i]![1];
  }
  [SymbolIterator](): Generator<[string, string]> {
    return this.entries();
  }
  toString(): string {
    let out = "";
    for (let i = 0; i < this.#list.length; i++) {
      const p = this.#list[i]!;
      out += (i > 0 ? "&" : "") + encode(p[0]) + "=" + encode(p[1]);
    }
    return out;
  }
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
  return isParams(v) ? ReflectApply(paramsToString, v, []) : undefined;
}
const { toString: paramsToString } = URLSearchParams.prototype;

expose(URL, "URL");
ObjectDefineProperty(URLSearchParams.prototype, SymbolIterator, { __proto__: null, value: URLSearchParams.prototype.entries, writable: true, configurable: true } as PropertyDescriptor);
expose(URLSearchParams, "URLSearchParams");

/** The pairs of application/x-www-form-urlencoded; unlike a query it has no mark before it. */
export function pairsIn(text: string): [string, string][] {
  return parse(startsWith(text, "?") ? "&" + text : text);
}

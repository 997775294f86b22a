// URL; the host parses.
import { natives } from "./host";
import { lay, part } from "./lazy";
import { JSONParse, JSONStringify, TypeErrorCtor, add, list, slice } from "./primordials";
import { URLSearchParams, attach, fill } from "./searchparams";
import { expose, looksLike, needs, usv } from "./webidl";

export interface Parts {
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

/** The parts of a text as a URL; undefined for what is none. */
export function partsIn(url: string, base?: string): Parts | undefined {
  try {
    return ask(of(url, base));
  } catch {
    return undefined;
  }
}

/** The parts of a URL with a member set; what cannot be set changes nothing. */
export function partsWith(url: string, member: string, value: string): Parts | undefined {
  try {
    return ask(of(url, member, value));
  } catch {
    return undefined;
  }
}

/** The parts of a URL object; undefined for anything else. */
export let insideURL: (u: unknown) => Parts | undefined;

export class URL {
  #p: Parts;
  #params: URLSearchParams | undefined;

  static {
    insideURL = (u) => (u !== null && typeof u === "object" && #p in u ? (u as URL).#p : undefined);
  }

  constructor(url: unknown, base: unknown = undefined) {
    needs(1, arguments.length, "URL");
    const text = usv(url);
    const from = base === undefined ? undefined : usv(base);
    try {
      this.#p = ask(of(text, from));
    } catch {
      throw new TypeErrorCtor(`Invalid URL: '${slice(text, 0, 200)}'${from === undefined ? "" : ` with base '${slice(from, 0, 200)}'`}`);
    }
  }
  static canParse(url: unknown, base: unknown = undefined): boolean {
    needs(1, arguments.length, "URL.canParse");
    return parsed(usv(url), base === undefined ? undefined : usv(base)) !== null;
  }
  static parse(url: unknown, base: unknown = undefined): URL | null {
    needs(1, arguments.length, "URL.parse");
    return parsed(usv(url), base === undefined ? undefined : usv(base));
  }
  #set(member: string, value: unknown): void {
    const text = usv(value);
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
      attach(this.#params, (query) => {
        this.#p = ask(of(this.#p.href, "search", query));
      });
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

function parsed(text: string, from: string | undefined): URL | null {
  try {
    return new URL(text, from);
  } catch {
    return null;
  }
}

expose(URL, "URL");
lay(URL, true, part(() => import("./localurls"), "createObjectURL", "revokeObjectURL"));
looksLike(URL, "href origin protocol username password host hostname port pathname hash search");

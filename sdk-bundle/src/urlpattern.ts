// URLPattern, by its standard. What a component's fixed texts become is what the
// URL parser makes of them; regular expressions are V8's, under the limits of
// the script that wrote them.
import { type Options, expression, partsOf, written } from "./patternparts";
import { componentsOf } from "./patternstring";
import { escaped } from "./patterntokens";
import { RegExpCtor, TypeErrorCtor, add, append, charCodeAt, dict, list, put, regExpExec, slice, toLowerCase } from "./primordials";
import { type Parts, partsIn, partsWith } from "./url";
import { dictionary, expose, isObject, usv } from "./webidl";

const components = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"] as const;
type Name = (typeof components)[number];
type Init = Partial<Record<Name | "baseURL", string>>;

const plain: Options = { delimiter: "", prefix: "" };
const host: Options = { delimiter: ".", prefix: "" };
const path: Options = { delimiter: "/", prefix: "/" };

const specials = ["http", "https", "ws", "wss", "ftp", "file"];
const ports = ["80", "443", "80", "443", "21", ""];

function specialAt(scheme: string): number {
  for (let i = 0; i < specials.length; i++) if (specials[i] === scheme) return i;
  return -1;
}

// Texts as a URL has them.

const dummy = "https://dummy.invalid/";

function refuse(what: string, s: string): never {
  throw new TypeErrorCtor(`URLPattern: '${slice(s, 0, 100)}' cannot be a ${what}`);
}

function member(url: string, name: string, value: string): Parts {
  return partsWith(url, name, value) ?? refuse(name, value);
}

function encodeProtocol(s: string): string {
  if (s === "") return s;
  const u = partsIn(s + "://dummy.invalid/") ?? refuse("protocol", s);
  return slice(u.protocol, 0, -1);
}

function encodeUsername(s: string): string {
  const { username } = member(dummy, "username", s);
  return username === "" && s !== "" ? refuse("username", s) : username;
}

function encodePassword(s: string): string {
  const { password } = member(dummy, "password", s);
  return password === "" && s !== "" ? refuse("password", s) : password;
}

function encodeHostname(s: string): string {
  if (s === "") return s;
  // What the parser refuses leaves the host as it was, whichever that is.
  const one = member(dummy, "hostname", s).hostname;
  if (one === "dummy.invalid" && member("https://other.invalid/", "hostname", s).hostname !== one) refuse("hostname", s);
  return one;
}

const inAddress = /^[0-9a-fA-F:[\]]*$/;

function encodeAddress(s: string): string {
  return regExpExec(inAddress, s) === null ? refuse("hostname", s) : toLowerCase(s);
}

const digits = /^[0-9]/;

function encodePort(s: string, scheme = ""): string {
  if (s === "") return s;
  const of = (scheme === "" || scheme === "file" ? "none" : scheme) + "://dummy.invalid";
  const before = partsIn(of + ":1/") === undefined ? "none://dummy.invalid" : of;
  const one = member(before + ":1/", "port", s).port;
  // What is refused changes nothing, and 1 may be what was asked for.
  const bare = withoutBreaks(s);
  if (regExpExec(digits, bare) === null || (one === "1" && member(before + ":2/", "port", s).port !== one)) refuse("port", s);
  return one;
}

function withoutBreaks(s: string): string {
  let out = "";
  for (let i = 0; i < s.length; i++) {
    const c = charCodeAt(s, i);
    if (c !== 9 && c !== 10 && c !== 13) out += s[i];
  }
  return out;
}

const unset = "/unset";

function encodePathname(s: string): string {
  if (s === "") return s;
  const absolute = s[0] === "/";
  // Dots at the beginning of what is only a part of a path stay.
  const { pathname } = member("https://dummy.invalid" + unset, "pathname", absolute ? s : "/-" + s);
  if (pathname === unset && s !== unset) refuse("pathname", s);
  return absolute ? pathname : slice(pathname, 2);
}

function encodeOpaque(s: string): string {
  if (s === "") return s;
  let end = 0;
  while (end < s.length && s[end] !== "?" && s[end] !== "#") end++;
  const tail = end < s.length ? slice(s, end, end + 1) : "x";
  const u = partsIn(`data:x${slice(s, 0, end)}${tail}`) ?? refuse("pathname", s);
  return end < s.length ? slice(u.pathname, 1) : slice(u.pathname, 1, -1);
}

function encodeSearch(s: string): string {
  return s === "" ? s : slice(member(dummy, "search", "?" + s).search, 1);
}

function encodeHash(s: string): string {
  return s === "" ? s : slice(member(dummy, "hash", "#" + s).hash, 1);
}

// Dictionaries of components.

/** The members of a dictionary, in the order that Web IDL reads them. */
function initOf(v: any): Init {
  const o = dictionary(v, "URLPattern");
  const out = dict<string>() as Init;
  const read = ["baseURL", "hash", "hostname", "password", "pathname", "port", "protocol", "search", "username"] as const;
  for (let i = 0; i < read.length; i++) {
    const m = o[read[i]!];
    if (m !== undefined) out[read[i]!] = usv(m);
  }
  return out;
}

function without(s: string, mark: string, atEnd: boolean): string {
  if (s === "" || s[atEnd ? s.length - 1 : 0] !== mark) return s;
  return atEnd ? slice(s, 0, -1) : slice(s, 1);
}

function absolutePath(s: string, isPattern: boolean): boolean {
  if (s === "") return false;
  if (s[0] === "/") return true;
  return isPattern && s.length > 1 && (s[0] === "\\" || s[0] === "{") && s[1] === "/";
}

/** What a dictionary stands for: what it leaves out comes from its base, or from before. */
function processed(init: Init, isPattern: boolean, before: Init): Init {
  const out = before;
  const from = (s: string): string => (isPattern ? escaped(s, "+*?:{}()\\") : s);
  let base: Parts | undefined;
  if (init.baseURL !== undefined) {
    base = partsIn(init.baseURL);
    if (base === undefined) throw new TypeErrorCtor(`URLPattern: the base '${slice(init.baseURL, 0, 200)}' is no URL`);
    // A component is the base's as long as none before it is given.
    let given = init.protocol !== undefined;
    if (!given) out.protocol = from(slice(base.protocol, 0, -1));
    given ||= init.hostname !== undefined;
    const also = given || init.port !== undefined;
    if (!isPattern && !also && init.username === undefined) out.username = base.username;
    if (!isPattern && !also && init.username === undefined && init.password === undefined) out.password = base.password;
    if (!given) out.hostname = from(base.hostname);
    if (!(given ||= init.port !== undefined)) out.port = from(base.port);
    if (!(given ||= init.pathname !== undefined)) out.pathname = from(base.pathname);
    if (!(given ||= init.search !== undefined)) out.search = from(without(base.search, "?", false));
    if (!given && init.hash === undefined) out.hash = from(without(base.hash, "#", false));
  }
  const set = (name: Name, encode: (s: string) => string): void => {
    const v = init[name];
    if (v !== undefined) out[name] = isPattern ? v : encode(v);
  };
  if (init.protocol !== undefined) {
    const v = without(init.protocol, ":", true);
    out.protocol = isPattern ? v : encodeProtocol(v);
  }
  set("username", encodeUsername);
  set("password", encodePassword);
  set("hostname", encodeHostname);
  set("port", (s) => encodePort(s, out.protocol));
  if (init.pathname !== undefined) {
    let v = init.pathname;
    if (base !== undefined && !opaque(base) && !absolutePath(v, isPattern)) {
      const start = from(base.pathname);
      let end = start.length;
      while (end > 0 && start[end - 1] !== "/") end--;
      v = slice(start, 0, end) + v;
    }
    const special = out.protocol === undefined || out.protocol === "" || specialAt(out.protocol) >= 0;
    out.pathname = isPattern ? v : special ? encodePathname(v) : encodeOpaque(v);
  }
  if (init.search !== undefined) {
    const v = without(init.search, "?", false);
    out.search = isPattern ? v : encodeSearch(v);
  }
  if (init.hash !== undefined) {
    const v = without(init.hash, "#", false);
    out.hash = isPattern ? v : encodeHash(v);
  }
  return out;
}

function opaque(u: Parts): boolean {
  return u.pathname !== "" && u.pathname[0] !== "/" && u.host === "";
}

// Patterns.

interface Component {
  pattern: string;
  expression: RegExp;
  names: string[];
  regexps: boolean;
}

function compiled(pattern: string, encode: (s: string) => string, o: Options, ignoreCase: boolean): Component {
  const parts = partsOf(pattern, o, encode);
  const { source, names } = expression(parts, o);
  let e: RegExp;
  try {
    e = new RegExpCtor(source, ignoreCase ? "vi" : "v");
  } catch {
    throw new TypeErrorCtor(`URLPattern: '${slice(pattern, 0, 200)}' has what is no regular expression`);
  }
  let regexps = false;
  for (let i = 0; i < parts.length; i++) if (parts[i]!.type === "regexp") regexps = true;
  return { pattern: written(parts, o), expression: e, names, regexps };
}

function fitsSpecial(c: Component): boolean {
  for (let i = 0; i < specials.length; i++) if (regExpExec(c.expression, specials[i]!) !== null) return true;
  return false;
}

/** Whether a pattern of a host begins as an address of IPv6. */
function isAddress(s: string): boolean {
  return s.length > 1 && (s[0] === "[" || ((s[0] === "{" || s[0] === "\\") && s[1] === "["));
}

function compile(given: Init, ignoreCase: boolean): Record<Name, Component> {
  const init = processed(given, true, dict() as Init);
  for (let i = 0; i < components.length; i++) init[components[i]!] ??= "*";
  const special = specialAt(init.protocol!);
  if (special >= 0 && init.port === ports[special]) init.port = "";
  const out = dict<Component>() as Record<Name, Component>;
  out.protocol = compiled(init.protocol!, encodeProtocol, plain, false);
  out.username = compiled(init.username!, encodeUsername, plain, false);
  out.password = compiled(init.password!, encodePassword, plain, false);
  out.hostname = compiled(init.hostname!, isAddress(init.hostname!) ? encodeAddress : encodeHostname, host, false);
  out.port = compiled(init.port!, encodePort, plain, false);
  out.pathname = fitsSpecial(out.protocol) ? compiled(init.pathname!, encodePathname, path, ignoreCase) : compiled(init.pathname!, encodeOpaque, plain, ignoreCase);
  out.search = compiled(init.search!, encodeSearch, plain, ignoreCase);
  out.hash = compiled(init.hash!, encodeHash, plain, ignoreCase);
  return out;
}

function specialPattern(pattern: string): boolean {
  return fitsSpecial(compiled(pattern, encodeProtocol, plain, false));
}

/** An argument that is a text, or a dictionary. */
function inputOf(v: unknown): string | Init {
  return v === undefined || v === null || isObject(v) ? initOf(v) : usv(v);
}

export class URLPattern {
  #c: Record<Name, Component>;

  constructor(input: unknown = {}, second: unknown = undefined, third: unknown = undefined) {
    // With three arguments, or a text as the second, that is the base.
    const hasBase = arguments.length > 2 || (second !== undefined && second !== null && !isObject(second));
    const given = inputOf(input);
    const base = hasBase ? usv(second) : undefined;
    const ignoreCase = !!dictionary(hasBase ? third : second, "URLPattern").ignoreCase;
    let init: Init;
    if (typeof given === "string") {
      init = componentsOf(given, specialPattern) as Init;
      if (base !== undefined) init.baseURL = base;
      else if (init.protocol === undefined) throw new TypeErrorCtor("URLPattern: a pattern without a protocol needs a base");
    } else {
      if (base !== undefined) throw new TypeErrorCtor("URLPattern: an object has its base as baseURL");
      init = given;
    }
    this.#c = compile(init, ignoreCase);
  }
  #match(input: unknown, baseURL: unknown): any {
    const given = inputOf(input);
    const base = baseURL === undefined ? undefined : usv(baseURL);
    const inputs: unknown[] = [];
    let values: Init;
    if (typeof given === "string") {
      append(inputs, given);
      if (base !== undefined) append(inputs, base);
      const u = partsIn(given, base);
      if (u === undefined) return null;
      values = dict() as Init;
      for (let i = 0; i < components.length; i++) values[components[i]!] = u[components[i]!];
      values.protocol = slice(u.protocol, 0, -1);
      values.search = without(u.search, "?", false);
      values.hash = without(u.hash, "#", false);
    } else {
      if (base !== undefined) throw new TypeErrorCtor("URLPattern: an object has its base as baseURL");
      append(inputs, shown(given));
      const before = dict<string>() as Init;
      for (let i = 0; i < components.length; i++) before[components[i]!] = "";
      try {
        values = processed(given, false, before);
      } catch {
        return null;
      }
    }
    const found = list<RegExpExecArray>();
    for (let i = 0; i < components.length; i++) {
      const m = regExpExec(this.#c[components[i]!].expression, values[components[i]!]!);
      if (m === null) return null;
      add(found, m);
    }
    const out = {};
    put(out, "inputs", inputs);
    for (let i = 0; i < components.length; i++) {
      const groups = {};
      const { names } = this.#c[components[i]!];
      for (let n = 0; n < names.length; n++) put(groups, names[n]!, found[i]![n + 1]);
      const one = {};
      put(one, "input", values[components[i]!]);
      put(one, "groups", groups);
      put(out, components[i]!, one);
    }
    return out;
  }
  test(input: unknown = {}, baseURL: unknown = undefined): boolean {
    return this.#match(input, baseURL) !== null;
  }
  exec(input: unknown = {}, baseURL: unknown = undefined): any {
    return this.#match(input, baseURL);
  }
  get protocol(): string {
    return this.#c.protocol.pattern;
  }
  get username(): string {
    return this.#c.username.pattern;
  }
  get password(): string {
    return this.#c.password.pattern;
  }
  get hostname(): string {
    return this.#c.hostname.pattern;
  }
  get port(): string {
    return this.#c.port.pattern;
  }
  get pathname(): string {
    return this.#c.pathname.pattern;
  }
  get search(): string {
    return this.#c.search.pattern;
  }
  get hash(): string {
    return this.#c.hash.pattern;
  }
  get hasRegExpGroups(): boolean {
    for (let i = 0; i < components.length; i++) if (this.#c[components[i]!].regexps) return true;
    return false;
  }
}
expose(URLPattern, "URLPattern");

/** A dictionary as the object that a script sees. */
function shown(init: Init): object {
  const out = {};
  const names = ["baseURL", "hash", "hostname", "password", "pathname", "port", "protocol", "search", "username"] as const;
  for (let i = 0; i < names.length; i++) if (init[names[i]!] !== undefined) put(out, names[i]!, init[names[i]!]);
  return out;
}

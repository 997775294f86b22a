// Objects as text: what inspect shows of each kind.
import { Uint8ArrayCtor, viewOf, isBytes } from "./bytes";
import { framesOf, stackOf } from "./failure";
import { type Walk, primitive, show } from "./inspect";
import { classOf, kindOf, nameOf, type Kind } from "./kinds";
import { hex, paint, quote, wrap } from "./look";
import {
  DateCtor,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectApply,
  ReflectOwnKeys,
  StringOf,
  add,
  bufferLength,
  dateToISO,
  dateValue,
  functionToString,
  hasOwn,
  includes,
  indexOf,
  list,
  mapGet,
  mapKeys,
  mapNext,
  mapSet,
  mapSize,
  regExpExec,
  regExpFlags,
  regExpSource,
  setNext,
  setSize,
  setValues,
  slice,
  sort,
  startsWith,
  symbolToString,
  toLowerCase,
  toStringTag,
  typedLength,
  typedName,
  wrappers,
} from "./primordials";
import { looks } from "./webidl";

const maxText = 10_000; // Of an error's first lines and frames.
const maxMembers = 1000;

/** Shows an object that is no Proxy; inside is what the host reveals of it. */
export function showObject(w: Walk, v: object, level: number, inside: unknown[] | undefined): string {
  for (let i = 0; i < w.path.length; i++) {
    if (w.path[i] !== v) continue;
    let ref = mapGet(w.refs, v);
    if (ref === undefined) mapSet(w.refs, v, (ref = ++w.refCount));
    return paint(w, `[Circular *${ref}]`, "special");
  }
  const kind = inside === undefined ? kindOf(v) : "revealed";
  const name = classOf(v);
  if (level > w.depth && kind !== "function" && kind !== "error" && kind !== "date" && kind !== "regexp" && kind !== "wrapped" && !isEmpty(v, kind)) {
    return paint(w, `[${kind === "array" ? "Array" : (name ?? "Object: null prototype")}]`, "special");
  }
  const at = w.path.length;
  add(w.path, v);
  const before = w.current;
  w.current = level;
  let out: string;
  try {
    out = body(w, v, kind, name, level, inside, before);
  } finally {
    w.path.length = at;
  }
  const ref = mapGet(w.refs, v);
  return ref === undefined ? out : `${paint(w, `<ref *${ref}>`, "special")} ${out}`;
}

/** What is empty is shown at any depth: it is no longer than its name. */
function isEmpty(v: any, kind: Kind | "revealed"): boolean {
  const members = kind === "map" ? mapSize(v) : kind === "set" ? setSize(v) : kind === "typed" ? typedLength(v) : kind === "array" ? v.length : kind === "object" ? 0 : 1;
  return members === 0 && ReflectOwnKeys(v).length <= (kind === "array" ? 1 : 0);
}

function body(w: Walk, v: any, kind: Kind | "revealed", name: string | null, level: number, inside: unknown[] | undefined, before: number): string {
  const braces = (prefix: string, entries: string[], isList = false, more = false): string => {
    w.left -= prefix.length + 2;
    if (entries.length === 0) w.current = before;
    const open = isList ? "[" : "{";
    return wrap(w, prefix, open, entries, isList ? "]" : "}", level, w.current - level, isList, more);
  };
  /** What is not written as a list of members unless it has some. */
  const base = (text: string, style: string, items = -1): string => {
    w.left -= text.length;
    const members = properties(w, v, list(), level, items);
    if (members.length > 0) return braces(`${text} `, members);
    w.current = before;
    return paint(w, text, style);
  };
  switch (kind) {
    case "array":
    case "typed": {
      const length = kind === "array" ? v.length : typedLength(v);
      const prefix = kind === "typed" ? `${typedName(v)}(${length}) ` : name === "Array" ? "" : `${name}(${length}) `;
      const items = list<string>();
      const more = itemsOf(w, v, length, items, level);
      // The names of very many items are not even asked for.
      return braces(prefix, length <= maxMembers ? properties(w, v, items, level, length) : items, true, more);
    }
    case "map":
      return braces(`${sized(name, "Map", mapSize(v))} `, properties(w, v, mapEntries(w, v, level), level));
    case "set":
      return braces(`${sized(name, "Set", setSize(v))} `, properties(w, v, setEntries(w, v, level), level));
    case "error":
      return showError(w, v, level, braces);
    case "function":
      return base(functionName(v, name), "special");
    case "date": {
      const at = dateValue(v);
      return base(at === at ? dateToISO(new DateCtor(at)) : "Invalid Date", "date");
    }
    case "regexp":
      return base(regExpText(v), "regexp");
    case "buffer":
      return braces(`${name} `, properties(w, v, bufferEntries(w, v), level));
    case "opaque":
      return braces(`${name} `, properties(w, v, one(paint(w, name === "WeakMap" || name === "WeakSet" ? "<items unknown>" : "...", "special")), level));
    case "wrapped":
      return base(wrapped(w, v), kindOfWrapped(v), lengthOf(v)); // The characters of a String are in its text.
    case "revealed":
      if (inside![0] === 2) return braces(`${name} `, properties(w, v, promiseEntries(w, inside!, level), level));
      return braces(`[${tagOf(v)}] `, iteratorEntries(w, inside!, level));
    default:
      return braces(prefixOf(v, name), properties(w, v, isBytes(v) ? viewEntries(w, v, level) : lookEntries(w, v, level), level));
  }
}

/** The name with the number of what is inside, and of what class it is one. */
function sized(name: string | null, kind: string, size: number): string {
  return name === kind ? `${name}(${size})` : `${name}(${size}) [${kind}]`;
}

function prefixOf(v: object, name: string | null): string {
  const tag = tagOf(v);
  const label = name === null ? "[Object: null prototype]" : name;
  if (tag !== "" && tag !== name) return `${label} [${tag}] `;
  return label === "Object" ? "" : `${label} `;
}

/** Symbol.toStringTag where it is a plain text on the object or its prototypes. */
function tagOf(v: object): string {
  for (let o: object | null = v, n = 0; o !== null && n < 8; o = ObjectGetPrototypeOf(o), n++) {
    const d = ObjectGetOwnPropertyDescriptor(o, toStringTag);
    // What is shown among the members is not shown twice.
    if (d !== undefined) return hasOwn(d, "value") && typeof d.value === "string" && !(o === v && d.enumerable === true) ? slice(d.value, 0, 200) : "";
  }
  return "";
}

/** The items of a list; true when it ends with how many more there are. */
function itemsOf(w: Walk, v: any, length: number, out: string[], level: number): boolean {
  let i = 0;
  for (let n = 0; i < length && n < w.items && w.left > 0; n++) {
    const d = ObjectGetOwnPropertyDescriptor(v, i);
    if (d !== undefined) {
      add(out, property(w, v, d, level));
      i++;
      continue;
    }
    const from = i;
    // A hole may be four thousand million items long.
    while (i < length && i - from < 1000 && ObjectGetOwnPropertyDescriptor(v, i) === undefined) i++;
    if (i < length && i - from === 1000) break;
    add(out, paint(w, `<${i - from} empty item${i - from === 1 ? "" : "s"}>`, "undefined"));
  }
  if (i < length) add(out, moreItems(length - i));
  return i < length;
}

function moreItems(n: number): string {
  return `... ${n} more item${n === 1 ? "" : "s"}`;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function mapEntries(w: Walk, v: any, level: number): string[] {
  const out = list<string>();
  const keys = mapKeys(v);
  let n = 0;
  for (let step = mapNext(keys); !step.done && n < w.items && w.left > 0; step = mapNext(keys), n++) {
    add(out, `${show(w, step.value, level + 1)} => ${show(w, mapGet(v, step.value), level + 1)}`);
  }
  return ended(w, out, mapSize(v) - n);
}

function setEntries(w: Walk, v: any, level: number): string[] {
  const out = list<string>();
  const values = setValues(v);
  let n = 0;
  for (let step = setNext(values); !step.done && n < w.items && w.left > 0; step = setNext(values), n++) add(out, show(w, step.value, level + 1));
  return ended(w, out, setSize(v) - n);
}

function ended(w: Walk, out: string[], more: number): string[] {
  if (w.sorted) sort(out, byText);
  if (more > 0) add(out, moreItems(more));
  return out;
}

function iteratorEntries(w: Walk, inside: unknown[], level: number): string[] {
  const entries = inside[1] as unknown[];
  const out = list<string>();
  const step = inside[2] === true ? 2 : 1;
  let i = 0;
  for (let n = 0; i < entries.length && n < w.items && w.left > 0; n++, i += step) {
    add(out, step === 1 ? show(w, entries[i], level + 1) : `[ ${show(w, entries[i], level + 1)}, ${show(w, entries[i + 1], level + 1)} ]`);
  }
  return ended(w, out, (entries.length - i) / step);
}

function promiseEntries(w: Walk, inside: unknown[], level: number): string[] {
  if (inside[1] === 0) return one(paint(w, "<pending>", "special"));
  const text = show(w, inside[2], level + 1);
  return one(inside[1] === 2 ? `${paint(w, "<rejected>", "special")} ${text}` : text);
}

const maxBytes = 50;

function bufferEntries(w: Walk, v: ArrayBuffer): string[] {
  const size = bufferLength(v);
  const out = list<string>();
  let text = "";
  try {
    const bytes = new Uint8ArrayCtor(v, 0, size < maxBytes ? size : maxBytes);
    for (let i = 0; i < typedLength(bytes); i++) text += (i > 0 ? " " : "") + toLowerCase(hex(bytes[i]!, 2));
  } catch {
    add(out, paint(w, "(detached)", "special"));
    add(out, `byteLength: ${paint(w, "0", "number")}`);
    return out;
  }
  if (size > maxBytes) text += ` ... ${size - maxBytes} more byte${size - maxBytes === 1 ? "" : "s"}`;
  add(out, `${paint(w, "[Uint8Contents]", "special")}: <${text}>`);
  add(out, `byteLength: ${paint(w, `${size}`, "number")}`);
  return out;
}

/** A DataView. */
function viewEntries(w: Walk, v: unknown, level: number): string[] {
  const bytes: any = viewOf(v, "view");
  const out = list<string>();
  add(out, `byteLength: ${primitive(w, bytes.byteLength)}`);
  add(out, `byteOffset: ${primitive(w, bytes.byteOffset)}`);
  add(out, `buffer: ${show(w, bytes.buffer, level + 1)}`);
  return out;
}

/** What a class of the web's shows of itself. */
function lookEntries(w: Walk, v: object, level: number): string[] {
  const out = list<string>();
  for (let o: object | null = v, n = 0; o !== null && n < 8; o = ObjectGetPrototypeOf(o), n++) {
    const look = mapGet(looks, o);
    if (look === undefined) continue;
    try {
      const pairs = look(v);
      for (let i = 0; i < pairs.length && w.left > 0; i++) {
        if (i >= w.items) return ended(w, out, pairs.length - i);
        add(out, `${labelOf(w, pairs[i]![0])}: ${show(w, pairs[i]![1], level + 1)}`);
      }
    } catch {
      // It only pretends.
    }
    return out;
  }
  return out;
}

function labelOf(w: Walk, key: string): string {
  return regExpExec(identifier, key) !== null ? key : paint(w, quote(key, w.escape), "string");
}

function one(entry: string): string[] {
  const out = list<string>();
  add(out, entry);
  return out;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Adds the members; of a list those that are no items. */
function properties(w: Walk, v: object, out: string[], level: number, items = -1, without?: Record<string, boolean>): string[] {
  const keys = ReflectOwnKeys(v);
  const mine = list<string>();
  let n = 0;
  if (w.sorted) sort(keys, byName);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (typeof key === "string" && (without?.[key] === true || (items >= 0 && isIndex(key, items)))) continue;
    const d = ObjectGetOwnPropertyDescriptor(v, key);
    if (d === undefined || (d.enumerable !== true && !w.hidden)) continue;
    if (++n > maxMembers || w.left <= 0) {
      add(mine, `... ${keys.length - i} more`);
      break;
    }
    let label = typeof key === "symbol" ? `[${paint(w, symbolToString(key), "symbol")}]` : labelOf(w, key);
    if (d.enumerable !== true && typeof key === "string") label = `[${key}]`;
    w.left -= label.length + 2;
    add(mine, `${label}: ${property(w, v, d, level)}`);
  }
  for (let i = 0; i < mine.length; i++) add(out, mine[i]!);
  return out;
}

function byName(a: string | symbol, b: string | symbol): number {
  return byText(typeof a === "symbol" ? symbolToString(a) : a, typeof b === "symbol" ? symbolToString(b) : b);
}

function isIndex(key: string, below: number): boolean {
  const n = +key;
  return n >= 0 && n < below && `${n}` === key;
}

function property(w: Walk, v: object, d: PropertyDescriptor, level: number): string {
  if (hasOwn(d, "value")) return show(w, d.value, level + 1);
  if (d.get === undefined) return paint(w, "[Setter]", "special");
  const label = d.set === undefined ? "Getter" : "Getter/Setter";
  if (!w.getters) return paint(w, `[${label}]`, "special");
  try {
    const got = ReflectApply(d.get, v, []);
    const text = show(w, got, level + 1);
    return got !== null && typeof got === "object" ? `${paint(w, `[${label}]`, "special")} ${text}` : `${paint(w, `[${label}:`, "special")} ${text}${paint(w, "]", "special")}`;
  } catch (e) {
    let message = "";
    try {
      message = slice(StringOf((e as any).message), 0, 200);
    } catch {
      // It throws what cannot be looked at.
    }
    return paint(w, `[${label}: <Inspection threw (${message})>]`, "special");
  }
}

type Braces = (prefix: string, entries: string[]) => string;

function showError(w: Walk, e: any, level: number, braces: Braces): string {
  const stack = stackOf(e);
  const frames = framesOf(stack);
  const first = indexOf(stack, "\n    at ");
  let head = first < 0 ? stack : slice(stack, 0, first);
  const said = `${ownText(e, "name") ?? classOf(e) ?? "Error"}`;
  const message = ownText(e, "message") ?? "";
  // The stack keeps the text of the moment it was made; the name may have been
  // set after that.
  if (head === "" || !includes(head, message) || !includes(head, said)) head = message === "" ? said : `${said}: ${message}`;
  const text = slice(head + frames, 0, maxText);
  w.left -= text.length;
  const out = properties(w, e, list(), level);
  hidden(w, e, "cause", out, level);
  hidden(w, e, "errors", out, level);
  if (out.length === 0) return frames === "" ? `[${text}]` : text;
  return braces(`${text} `, out);
}

/** Adds a member that is not enumerable. */
function hidden(w: Walk, e: object, key: string, out: string[], level: number): void {
  const d = w.hidden ? undefined : ObjectGetOwnPropertyDescriptor(e, key);
  if (d !== undefined && d.enumerable !== true) add(out, `[${key}]: ${property(w, e, d, level)}`);
}

function ownText(e: any, key: string): string | undefined {
  const v = e[key];
  return typeof v === "string" && v !== "" ? slice(v, 0, maxText) : undefined;
}

const said: Record<string, boolean> = { __proto__: null as never, name: true, message: true, stack: true, cause: true, errors: true };

/** What an error has beside its name, message and stack, as an object in a text; "" when there is nothing. */
export function membersOf(w: Walk, e: object): string {
  const members = properties(w, e, list(), 0, -1, said);
  return members.length === 0 ? "" : wrap(w, " ", "{", members, "}", 0, w.compact);
}

function functionName(f: any, name: string | null): string {
  const own = nameOf(f);
  if (startsWith(functionToString(f), "class")) {
    const parent = ObjectGetPrototypeOf(f);
    const from = typeof parent === "function" ? nameOf(parent) : "";
    return `[class ${own === "" ? "(anonymous)" : own}${from === "" ? "" : ` extends ${from}`}]`;
  }
  return own === "" ? `[${name ?? "Function"} (anonymous)]` : `[${name ?? "Function"}: ${own}]`;
}

function regExpText(v: unknown): string {
  let out = `/${regExpSource(v)}/`;
  for (let i = 0; i < regExpFlags.length; i++) if (regExpFlags[i]![1](v)) out += regExpFlags[i]![0];
  return out;
}

/** The row of what a wrapped value wraps, and the value. */
function unwrapped(v: object): { name: string; value: unknown } | undefined {
  for (let i = 0; i < wrappers.length; i++) {
    try {
      return { name: wrappers[i]![1], value: wrappers[i]![2](v) };
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

function wrapped(w: Walk, v: object): string {
  const u = unwrapped(v);
  const colors = w.colors;
  w.colors = false; // The whole has one.
  try {
    return u === undefined ? "{}" : `[${u.name}: ${primitive(w, u.value)}]`;
  } finally {
    w.colors = colors;
  }
}

function kindOfWrapped(v: object): string {
  return toLowerCase(unwrapped(v)?.name ?? "");
}

/** How many of a wrapped value's members are its characters; -1 when it is no text. */
function lengthOf(v: object): number {
  const value = unwrapped(v)?.value;
  return typeof value === "string" ? value.length : -1;
}

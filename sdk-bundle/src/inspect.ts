// Values as text, for the log: the look of Node's util.inspect. Getters are not
// called, and whatever a value does while it is looked at (a Proxy may run code
// and throw), the result is a text of bounded length.
import { framesOf, stackOf } from "./failure";
import { classOf, isErrorLike, kindOf, nameOf, type Kind } from "./kinds";
import {
  DateCtor,
  MapCtor,
  MathMin,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectIs,
  ReflectOwnKeys,
  StringOf,
  add,
  bufferLength,
  charCodeAt,
  dateToISO,
  dateValue,
  functionToString,
  hasOwn,
  includes,
  indexOf,
  join,
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
  split,
  startsWith,
  symbolToString,
  toStringTag,
  typedLength,
  typedName,
  wrappers,
} from "./primordials";

export { isErrorLike };

const maxItems = 100;
const maxText = 10_000; // Of one string inside a value.
const maxTotal = 16 * 1024;
const lineWidth = 72;
const defaultDepth = 4;
const maxDepth = 64;

/** One walk through a value. */
interface Walk {
  depth: number;
  left: number; // Characters that may still be written.
  path: object[]; // From the value down to where the walk is.
  refs: Map<object, number>; // Objects that something below refers to.
  refCount: number;
}

export function inspect(v: unknown, depth: number = defaultDepth): string {
  const w: Walk = { depth: MathMin(depth, maxDepth), left: maxTotal, path: list(), refs: new MapCtor(), refCount: 0 };
  return show(w, v, 0);
}

function show(w: Walk, v: unknown, level: number): string {
  if (w.left <= 0) return "...";
  let out: string;
  if (v !== null && (typeof v === "object" || typeof v === "function")) {
    try {
      return showObject(w, v, level);
    } catch {
      out = "[a value that cannot be shown]";
    }
  } else {
    out = primitive(v);
  }
  w.left -= out.length;
  return out;
}

function primitive(v: unknown): string {
  switch (typeof v) {
    case "string":
      return v.length > maxText ? `${quote(slice(v, 0, maxText))}... ${v.length - maxText} more characters` : quote(v);
    case "number":
      return ObjectIs(v, -0) ? "-0" : `${v}`;
    case "bigint":
      return `${v}n`;
    case "symbol":
      return symbolToString(v);
    default:
      return StringOf(v);
  }
}

const plainText = /^[^\x00-\x1f\x7f'\\\ud800-\udfff]*$/;
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const escapes: Record<string, string> = { __proto__: null as never, "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\" };

export function quote(s: string): string {
  if (regExpExec(plainText, s) !== null) return `'${s}'`;
  const q = !includes(s, "'") ? "'" : !includes(s, '"') ? '"' : !includes(s, "`") ? "`" : "'";
  let out = q;
  for (let i = 0; i < s.length; i++) {
    const c = s[i]!;
    const code = charCodeAt(s, i);
    if (c === q) out += "\\" + q;
    else if (escapes[c] !== undefined) out += escapes[c];
    else if (code < 32 || code === 127) out += "\\x" + hex(code, 2);
    else if (code >= 0xd800 && code <= 0xdfff) {
      const next = i + 1 < s.length ? charCodeAt(s, i + 1) : 0;
      if (code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) out += c + s[++i]!;
      else out += "\\u" + hex(code, 4);
    } else out += c;
  }
  return out + q;
}

const digits = "0123456789ABCDEF";

function hex(code: number, width: number): string {
  let out = "";
  for (let i = 0, n = code; i < width; i++, n >>= 4) out = digits[n & 15]! + out;
  return out;
}

function showObject(w: Walk, v: object, level: number): string {
  for (let i = 0; i < w.path.length; i++) {
    if (w.path[i] !== v) continue;
    let ref = mapGet(w.refs, v);
    if (ref === undefined) mapSet(w.refs, v, (ref = ++w.refCount));
    return `[Circular *${ref}]`;
  }
  const kind = kindOf(v);
  const name = classOf(v);
  if (level > w.depth && kind !== "function" && !isEmpty(v, kind)) return `[${kind === "array" ? "Array" : (name ?? "Object: null prototype")}]`;
  const at = w.path.length;
  add(w.path, v);
  let out: string;
  try {
    out = body(w, v, kind, name, level);
  } finally {
    w.path.length = at;
  }
  const ref = mapGet(w.refs, v);
  return ref === undefined ? out : `<ref *${ref}> ${out}`;
}

/** What is empty is shown at any depth: it is no longer than its name. */
function isEmpty(v: any, kind: Kind): boolean {
  const members = kind === "map" ? mapSize(v) : kind === "set" ? setSize(v) : kind === "typed" ? typedLength(v) : kind === "array" ? v.length : kind === "object" ? 0 : 1;
  return members === 0 && ReflectOwnKeys(v).length <= (kind === "array" ? 1 : 0);
}

function body(w: Walk, v: any, kind: Kind, name: string | null, level: number): string {
  switch (kind) {
    case "array":
      return showList(w, v, v.length, name === "Array" ? "" : `${name}(${v.length}) `, level);
    case "typed":
      return showList(w, v, typedLength(v), `${typedName(v)}(${typedLength(v)}) `, level);
    case "map":
      return wrap(w, `${sized(name, "Map", mapSize(v))} `, "{", withProperties(w, v, mapEntries(w, v, level), level), "}");
    case "set":
      return wrap(w, `${sized(name, "Set", setSize(v))} `, "{", withProperties(w, v, setEntries(w, v, level), level), "}");
    case "error":
      return showError(w, v, level);
    case "function":
      return base(w, v, functionName(v, name), level);
    case "date": {
      const at = dateValue(v);
      return base(w, v, at === at ? dateToISO(new DateCtor(at)) : "Invalid Date", level);
    }
    case "regexp":
      return base(w, v, regExpText(v), level);
    case "buffer":
      return wrap(w, `${name} `, "{", withProperties(w, v, one(`byteLength: ${bufferLength(v)}`), level), "}");
    case "opaque":
      return wrap(w, `${name} `, "{", withProperties(w, v, one(name === "WeakMap" || name === "WeakSet" ? "<items unknown>" : "..."), level), "}");
    case "wrapped":
      return base(w, v, wrapped(v), level, lengthOf(v)); // The characters of a String are in its text.
    default:
      return wrap(w, prefixOf(v, name), "{", withProperties(w, v, list(), level), "}");
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
    if (d !== undefined) return hasOwn(d, "value") && typeof d.value === "string" && !(o === v && d.enumerable === true) ? d.value : "";
  }
  return "";
}

/** What is not written as a list of members unless it has some. */
function base(w: Walk, v: object, text: string, level: number, items = -1): string {
  w.left -= text.length;
  const more = withProperties(w, v, list(), level, items);
  return more.length === 0 ? text : wrap(w, `${text} `, "{", more, "}");
}

function showList(w: Walk, v: any, length: number, prefix: string, level: number): string {
  const out = list<string>();
  let i = 0;
  for (let n = 0; i < length && n < maxItems && w.left > 0; n++) {
    const d = ObjectGetOwnPropertyDescriptor(v, i);
    if (d !== undefined) {
      add(out, property(w, d, level));
      i++;
      continue;
    }
    const from = i;
    // A hole may be four thousand million items long.
    while (i < length && i - from < 1000 && ObjectGetOwnPropertyDescriptor(v, i) === undefined) i++;
    if (i < length && i - from === 1000) break;
    add(out, `<${i - from} empty item${i - from === 1 ? "" : "s"}>`);
  }
  if (i < length) add(out, `... ${length - i} more item${length - i === 1 ? "" : "s"}`);
  const packed = pack(out);
  return wrap(w, prefix, "[", length <= 1000 ? withProperties(w, v, packed, level, length) : packed, "]");
}

/** Puts many short items into lines. */
function pack(items: string[]): string[] {
  if (items.length <= 6) return items;
  let total = 0;
  for (let i = 0; i < items.length; i++) {
    if (items[i]!.length > 24 || includes(items[i]!, "\n")) return items;
    total += items[i]!.length + 2;
  }
  if (total <= lineWidth) return items;
  const lines = list<string>();
  let line = "";
  for (let i = 0; i < items.length; i++) {
    const next = line === "" ? items[i]! : `${line}, ${items[i]!}`;
    if (next.length <= lineWidth) {
      line = next;
      continue;
    }
    add(lines, line);
    line = items[i]!;
  }
  add(lines, line);
  return lines;
}

function mapEntries(w: Walk, v: any, level: number): string[] {
  const out = list<string>();
  const keys = mapKeys(v);
  for (let n = 0; ; n++) {
    const step = mapNext(keys);
    if (step.done) return out;
    if (n >= maxItems || w.left <= 0) {
      add(out, `... ${mapSize(v) - n} more items`);
      return out;
    }
    add(out, `${show(w, step.value, level + 1)} => ${show(w, mapGet(v, step.value), level + 1)}`);
  }
}

function setEntries(w: Walk, v: any, level: number): string[] {
  const out = list<string>();
  const values = setValues(v);
  for (let n = 0; ; n++) {
    const step = setNext(values);
    if (step.done) return out;
    if (n >= maxItems || w.left <= 0) {
      add(out, `... ${setSize(v) - n} more items`);
      return out;
    }
    add(out, show(w, step.value, level + 1));
  }
}

function one(entry: string): string[] {
  const out = list<string>();
  add(out, entry);
  return out;
}

/** Adds the members; of a list those that are no items. */
function withProperties(w: Walk, v: object, out: string[], level: number, items = -1): string[] {
  const keys = ReflectOwnKeys(v);
  let n = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (items >= 0 && typeof key === "string" && isIndex(key, items)) continue;
    const d = ObjectGetOwnPropertyDescriptor(v, key);
    if (d === undefined || d.enumerable !== true) continue;
    if (++n > maxItems || w.left <= 0) {
      add(out, `... ${keys.length - i} more`);
      break;
    }
    const label = typeof key === "symbol" ? `[${symbolToString(key)}]` : regExpExec(identifier, key) !== null ? key : quote(key);
    w.left -= label.length + 2;
    add(out, `${label}: ${property(w, d, level)}`);
  }
  return out;
}

function isIndex(key: string, below: number): boolean {
  const n = +key;
  return n >= 0 && n < below && `${n}` === key;
}

function property(w: Walk, d: PropertyDescriptor, level: number): string {
  if (hasOwn(d, "value")) return show(w, d.value, level + 1);
  if (d.get === undefined) return "[Setter]";
  return d.set === undefined ? "[Getter]" : "[Getter/Setter]";
}

function showError(w: Walk, e: any, level: number): string {
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
  const out = withProperties(w, e, list(), level);
  hidden(w, e, "cause", out, level);
  hidden(w, e, "errors", out, level);
  return out.length === 0 ? (frames === "" ? `[${text}]` : text) : wrap(w, `${text} `, "{", out, "}");
}

/** Adds a member that is not enumerable. */
function hidden(w: Walk, e: object, key: string, out: string[], level: number): void {
  const d = ObjectGetOwnPropertyDescriptor(e, key);
  if (d !== undefined && d.enumerable !== true) add(out, `[${key}]: ${property(w, d, level)}`);
}

function ownText(e: any, key: string): string | undefined {
  const v = e[key];
  return typeof v === "string" && v !== "" ? slice(v, 0, maxText) : undefined;
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

function wrapped(v: object): string {
  for (let i = 0; i < wrappers.length; i++) {
    try {
      return `[${wrappers[i]![1]}: ${primitive(wrappers[i]![2](v))}]`;
    } catch {
      // Not this one.
    }
  }
  return "{}";
}

/** How many of a wrapped value's members are its characters; -1 when it is no text. */
function lengthOf(v: object): number {
  for (let i = 0; i < wrappers.length; i++) {
    if (wrappers[i]![1] !== "String") continue;
    try {
      return (wrappers[i]![2](v) as string).length;
    } catch {
      return -1;
    }
  }
  return -1;
}

function indent(s: string): string {
  return includes(s, "\n") ? join(split(s, "\n"), "\n  ") : s;
}

function wrap(w: Walk, prefix: string, open: string, entries: string[], close: string): string {
  w.left -= prefix.length + 2;
  if (entries.length === 0) return `${prefix}${open}${close}`;
  let total = prefix.length + 4;
  let lines = includes(prefix, "\n");
  for (let i = 0; i < entries.length; i++) {
    total += entries[i]!.length + 2;
    lines ||= includes(entries[i]!, "\n");
  }
  if (!lines && total <= lineWidth + 4) return `${prefix}${open} ${join(entries, ", ")} ${close}`;
  const out = list<string>();
  for (let i = 0; i < entries.length; i++) add(out, indent(entries[i]!));
  return `${prefix}${open}\n  ${join(out, ",\n  ")}\n${close}`;
}

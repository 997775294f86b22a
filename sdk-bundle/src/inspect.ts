// Values as text, for the log and for Deno.inspect: the look of Deno's, which
// is Node's with double quotes. No code of the script runs (no getter, no trap
// of a Proxy) but what the script has written for it, under customInspect, and
// the result is a text of bounded length, whatever the value.
import { isErrorLike } from "./kinds";
import { paint, quote, type Look } from "./look";
import { natives } from "./host";
import {
  MapCtor,
  MathMin,
  MathTrunc,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectIs,
  ReflectApply,
  StringOf,
  SymbolFor,
  dict,
  hasOwn,
  isFinite,
  list,
  slice,
  symbolToString,
} from "./primordials";
import { showObject } from "./members";

export { isErrorLike };

/** The longest text: of a log line, and of Deno.inspect. */
const ofLine = 16 * 1024;
const ofInspect = 256 * 1024;
const maxDepth = 64;
const maxItems = 10_000;

/** One walk through a value. */
export interface Walk extends Look {
  depth: number;
  items: number;
  longestText: number;
  escape: boolean;
  hidden: boolean;
  sorted: boolean;
  getters: boolean;
  proxies: boolean;
  left: number; // Characters that may still be written.
  path: object[]; // From the value down to where the walk is.
  refs: Map<object, number>; // Objects that something below refers to.
  refCount: number;
  current: number; // The level of the object whose members were looked at last.
  options: unknown; // What the script gave, for its own methods.
}

const none = { __proto__: null } as any;

function number(v: unknown, standard: number, most: number): number {
  if (v === null) return most;
  return typeof v === "number" && v === v && v >= 0 ? MathTrunc(MathMin(v, most)) : standard;
}

function begin(options: any, left: number): Walk {
  const o = options !== null && typeof options === "object" ? options : none;
  const { compact } = o;
  return {
    colors: o.colors === true,
    compact: compact === false ? 0 : typeof compact === "number" ? number(compact, 3, 1000) : 3,
    breakLength: isFinite(o.breakLength) ? number(o.breakLength, 80, 1e6) : o.breakLength === undefined ? 80 : 1e6,
    trailingComma: o.trailingComma === true,
    depth: number(o.depth, 4, maxDepth),
    items: number(o.iterableLimit, 100, maxItems),
    longestText: number(o.strAbbreviateSize, 10_000, 1e6),
    escape: o.escapeSequences !== false,
    hidden: o.showHidden === true,
    sorted: o.sorted === true,
    getters: o.getters === true,
    proxies: o.showProxy === true,
    left,
    path: list(),
    refs: new MapCtor(),
    refCount: 0,
    current: 0,
    options: o,
  };
}

/** A value for a log line. */
export function shown(v: unknown, options?: unknown): string {
  return show(begin(options, ofLine), v, 0);
}

/** shown with another depth. */
export function shallow(v: unknown, depth: number): string {
  const w = begin(undefined, ofLine);
  w.depth = depth;
  return show(w, v, 0);
}

/** Deno.inspect. */
export function inspect(value: unknown, options?: unknown): string {
  return show(begin(options, ofInspect), value, 0);
}

/** A walk that writes an error's members. */
export function plainWalk(): Walk {
  return begin(undefined, ofLine);
}

export function show(w: Walk, v: unknown, level: number): string {
  if (w.left <= 0) return "...";
  let out: string;
  if (v !== null && (typeof v === "object" || typeof v === "function")) {
    try {
      return showReal(w, v, level);
    } catch {
      out = "[a value that cannot be shown]";
    }
  } else {
    out = primitive(w, v);
  }
  w.left -= out.length;
  return out;
}

/** A Proxy shows what is behind it. */
function showReal(w: Walk, v: object, level: number): string {
  const { reveal } = natives;
  let real = v;
  for (let n = 0; n < 100; n++) {
    const inside = reveal(real);
    if (inside === undefined || inside[0] !== 1) return custom(w, real, level) ?? showObject(w, real, level, inside);
    if (inside[1] === null) return "<Revoked Proxy>";
    if (w.proxies) {
      if (level > w.depth) return "Proxy [Array]";
      return `Proxy [ ${show(w, inside[1], level + 1)}, ${show(w, inside[2], level + 1)} ]`;
    }
    real = inside[1] as object;
  }
  return "[a Proxy of many Proxies]";
}

const denoCustom = SymbolFor("Deno.customInspect");
const nodeCustom = SymbolFor("nodejs.util.inspect.custom");

/** What a value's own method says it looks like; undefined without one. */
function custom(w: Walk, v: any, level: number): string | undefined {
  const deno = method(v, denoCustom);
  const node = deno === undefined ? method(v, nodeCustom) : undefined;
  if (deno === undefined && node === undefined) return undefined;
  // What it calls is inspected with what is left of the walk.
  const again = (x: unknown, options?: unknown): string => {
    const inner = begin(options ?? w.options, w.left);
    inner.depth = options === undefined ? w.depth - level : inner.depth;
    return show(inner, x, 0);
  };
  const options = dict<unknown>();
  options.depth = w.depth - level;
  options.colors = w.colors;
  options.compact = w.compact;
  options.breakLength = w.breakLength;
  options.iterableLimit = w.items;
  options.showHidden = w.hidden;
  options.showProxy = w.proxies;
  options.sorted = w.sorted;
  options.trailingComma = w.trailingComma;
  options.getters = w.getters;
  options.strAbbreviateSize = w.longestText;
  const out = deno !== undefined ? ReflectApply(deno, v, [again, options]) : ReflectApply(node!, v, [w.depth - level, options, again]);
  const text = typeof out === "string" ? out : out === v ? undefined : show(w, out, level);
  if (text === undefined) return undefined;
  const cut = text.length > w.left ? slice(text, 0, w.left) + "..." : text;
  w.left -= cut.length;
  return cut;
}

/** A method of that name, found without asking getters or Proxies. */
function method(v: object, key: symbol): Function | undefined {
  const { reveal } = natives;
  for (let o: object | null = v, n = 0; o !== null && n < 64; o = ObjectGetPrototypeOf(o), n++) {
    if (n > 0 && reveal(o)?.[0] === 1) return undefined;
    const d = ObjectGetOwnPropertyDescriptor(o, key);
    if (d !== undefined) return hasOwn(d, "value") && typeof d.value === "function" ? d.value : undefined;
  }
  return undefined;
}

export function primitive(w: Walk, v: unknown): string {
  switch (typeof v) {
    case "string":
      if (v.length <= w.longestText) return paint(w, quote(v, w.escape), "string");
      return `${paint(w, quote(slice(v, 0, w.longestText), w.escape), "string")}... ${v.length - w.longestText} more character${v.length - w.longestText === 1 ? "" : "s"}`;
    case "number":
      return paint(w, ObjectIs(v, -0) ? "-0" : `${v}`, "number");
    case "bigint":
      return paint(w, `${v}n`, "bigint");
    case "symbol":
      return paint(w, symbolToString(v), "symbol");
    case "undefined":
      return paint(w, "undefined", "undefined");
    default:
      return paint(w, StringOf(v), v === null ? "null" : "boolean");
  }
}


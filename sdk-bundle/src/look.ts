// How inspect lays text out: quotes, colours, lines and columns. The rules are
// Node's util.inspect's, which Deno's inspect took over.
import { MathFloor, MathMax, MathMin, MathSqrt, add, charCodeAt, includes, indexOf, join, list, regExpExec, repeat, split } from "./primordials";

export interface Look {
  colors: boolean;
  compact: number;
  breakLength: number;
  trailingComma: boolean;
}

const codes: Record<string, [number, number]> = {
  __proto__: null as never,
  number: [33, 39],
  bigint: [33, 39],
  boolean: [33, 39],
  string: [32, 39],
  symbol: [32, 39],
  date: [35, 39],
  regexp: [31, 39],
  undefined: [90, 39],
  null: [1, 22],
  special: [36, 39],
};

/** The text in the colour of its kind, if colours are wanted. */
export function paint(look: Look, text: string, kind: string): string {
  const code = look.colors ? codes[kind] : undefined;
  return code === undefined ? text : `\x1b[${code[0]}m${text}\x1b[${code[1]}m`;
}

/** How wide a text is, without the colours. */
function width(look: Look, s: string): number {
  if (!look.colors) return s.length;
  let n = s.length;
  for (let at = indexOf(s, "\x1b["); at >= 0; at = indexOf(s, "\x1b[", at + 1)) n -= indexOf(s, "m", at) - at + 1;
  return n;
}

const plainText = /^[^\x00-\x1f\x7f"\\\ud800-\udfff]*$/;
const escapes: Record<string, string> = { __proto__: null as never, "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\" };

export function quote(s: string, escaped = true): string {
  if (regExpExec(plainText, s) !== null) return `"${s}"`;
  const q = !includes(s, '"') ? '"' : !includes(s, "'") ? "'" : !includes(s, "`") ? "`" : '"';
  if (!escaped) return q + s + q;
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

export function hex(code: number, width: number): string {
  let out = "";
  for (let i = 0, n = code; i < width; i++, n >>= 4) out = digits[n & 15]! + out;
  return out;
}

/**
 * Puts members between braces: on one line when they are simple enough and fit,
 * else each on its own. below is how many levels of objects there are inside,
 * isList says that many items may stand in columns.
 */
export function wrap(look: Look, prefix: string, open: string, entries: string[], close: string, level: number, below: number, isList = false, more = false): string {
  if (entries.length === 0) return `${prefix}${open}${close}`;
  let out = entries;
  if (look.compact > 0) {
    if (isList && entries.length > 6) out = columns(look, entries, level, more);
    if (below < look.compact && out === entries) {
      let total = entries.length * 2 + level * 2 + 11 + width(look, prefix);
      let lines = includes(prefix, "\n");
      for (let i = 0; i < entries.length; i++) {
        total += width(look, entries[i]!);
        lines ||= includes(entries[i]!, "\n");
      }
      if (!lines && total <= look.breakLength) return `${prefix}${open} ${join(entries, ", ")} ${close}`;
    }
  }
  const lines = list<string>();
  for (let i = 0; i < out.length; i++) add(lines, indent(out[i]!));
  return `${prefix}${open}\n  ${join(lines, ",\n  ")}${look.trailingComma ? "," : ""}\n${close}`;
}

function indent(s: string): string {
  return includes(s, "\n") ? join(split(s, "\n"), "\n  ") : s;
}

/** Many short items in columns; the items themselves when they do not go. */
function columns(look: Look, items: string[], level: number, more: boolean): string[] {
  const count = more ? items.length - 1 : items.length; // What says how many more there are stands alone.
  const gap = 2;
  const widths = list<number>();
  let total = 0;
  let longest = 0;
  let numbers = true;
  for (let i = 0; i < count; i++) {
    if (includes(items[i]!, "\n")) return items;
    const w = width(look, items[i]!);
    add(widths, w);
    total += w + gap;
    longest = MathMax(longest, w);
    numbers &&= regExpExec(numeric, items[i]!) !== null;
  }
  const left = !numbers; // Texts stand left, numbers right.
  const actual = longest + gap;
  if (actual * 3 + level * 2 >= look.breakLength || (total / actual <= 5 && longest > 6)) return items;
  // A square is aimed at; a letter is two and a half times as high as wide.
  const biased = MathMax(actual - 3 - MathSqrt(actual - total / items.length), 1);
  const per = MathMin(MathFloor(MathSqrt(2.5 * biased * count) / biased + 0.5), MathFloor((look.breakLength - level * 2) / actual), look.compact * 4, 15);
  if (per <= 1) return items;
  const most = list<number>();
  for (let i = 0; i < per; i++) {
    let w = 0;
    for (let j = i; j < count; j += per) w = MathMax(w, widths[j]!);
    add(most, w + gap);
  }
  const out = list<string>();
  for (let i = 0; i < count; i += per) {
    const end = MathMin(i + per, count);
    let line = "";
    for (let j = i; j < end - 1; j++) {
      const cell = items[j]! + ", ";
      const pad = repeat(" ", most[j - i]! - widths[j]! - gap);
      line += left ? cell + pad : pad + cell;
    }
    if (left) line += items[end - 1]!;
    else line += repeat(" ", most[end - 1 - i]! - gap - widths[end - 1]!) + items[end - 1]!;
    add(out, line);
  }
  if (more) add(out, items[count]!);
  return out;
}

const numeric = /^(?:\x1b\[33m)?-?(?:[0-9.e+-]+n?|NaN|Infinity)(?:\x1b\[39m)?$/;

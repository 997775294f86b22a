// Words, quoted texts and spans of time, as people type them.
import { NumberOf, StringOf, TypeErrorCtor, add, charCodeAt, hasOwn, isFinite, list, slice, toLowerCase, trim } from "./primordials";

/** ECMAScript's white space. */
export function isSpace(c: number): boolean {
  if (c === 32 || (c >= 9 && c <= 13) || c === 160) return true;
  return c >= 5760 && (c === 5760 || (c >= 8192 && c <= 8202) || c === 8232 || c === 8233 || c === 8239 || c === 8287 || c === 12288 || c === 65279);
}

/** The words of a text, between white space. */
export function words(s: string): string[] {
  const out = list<string>();
  let from = -1;
  for (let i = 0; i <= s.length; i++) {
    if (i < s.length && !isSpace(charCodeAt(s, i))) {
      if (from < 0) from = i;
    } else if (from >= 0) {
      add(out, slice(s, from, i));
      from = -1;
    }
  }
  return out;
}

const backslash = 92;

/** What ends a text that begins with this quote; 0 when it is none. */
function closing(c: number): number {
  if (c === 34) return 34; // "
  if (c === 8220 || c === 8222) return 8221; // “ ” and „ ”
  return 0;
}

/** Reads a text word by word; a word in double quotes may have spaces. */
export class Reader {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next word, or undefined at the end. */
  next(): string | undefined {
    this.#skip();
    const text = this.#text;
    if (this.#at >= text.length) return undefined;
    const end = closing(charCodeAt(text, this.#at));
    if (end !== 0) {
      const quoted = this.#quoted(end);
      if (quoted !== undefined) return quoted;
    }
    const from = this.#at;
    while (this.#at < text.length && !isSpace(charCodeAt(text, this.#at))) this.#at++;
    return slice(text, from, this.#at);
  }

  /** Everything that is left. */
  rest(): string {
    this.#skip();
    const from = this.#at;
    this.#at = this.#text.length;
    return trim(slice(this.#text, from));
  }

  /** The place to go back to. */
  get at(): number {
    return this.#at;
  }

  back(to: number): void {
    this.#at = to;
  }

  #skip(): void {
    while (this.#at < this.#text.length && isSpace(charCodeAt(this.#text, this.#at))) this.#at++;
  }

  /** Up to the closing quote; undefined when there is none. */
  #quoted(end: number): string | undefined {
    const text = this.#text;
    let out = "";
    for (let i = this.#at + 1; i < text.length; i++) {
      let c = charCodeAt(text, i);
      if (c === end) {
        this.#at = i + 1;
        return out;
      }
      if (c === backslash && i + 1 < text.length) c = charCodeAt(text, ++i);
      out += text[i];
    }
    return undefined;
  }
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const units: Record<string, number> = {
  ms: 1,
  s: second, sec: second, secs: second, second, seconds: second,
  m: minute, min: minute, mins: minute, minute, minutes: minute,
  h: hour, hr: hour, hrs: hour, hour, hours: hour,
  d: day, day, days: day,
  w: 7 * day, week: 7 * day, weeks: 7 * day,
};

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Milliseconds of "90s", "1h30m", "2 days" or "1.5h"; undefined for what is none. */
export function parseDuration(text: string): number | undefined {
  if (typeof text !== "string") throw new TypeErrorCtor("parseDuration(text): text must be a string");
  const s = toLowerCase(trim(text));
  let total = 0;
  let i = 0;
  while (i < s.length) {
    let from = i;
    while (i < s.length && (isDigit(charCodeAt(s, i)) || s[i] === ".")) i++;
    const n = NumberOf(slice(s, from, i));
    if (i === from || n !== n) return undefined;
    while (i < s.length && isSpace(charCodeAt(s, i))) i++;
    from = i;
    while (i < s.length && charCodeAt(s, i) >= 97 && charCodeAt(s, i) <= 122) i++;
    const unit = slice(s, from, i);
    if (!hasOwn(units, unit)) return undefined;
    total += n * units[unit]!;
    while (i < s.length && (isSpace(charCodeAt(s, i)) || s[i] === ",")) i++;
  }
  return s === "" || !isFinite(total) ? undefined : total;
}

const parts: [number, string][] = [
  [day, "d"],
  [hour, "h"],
  [minute, "m"],
  [second, "s"],
];

/** Milliseconds as "1d 2h 3m 4s", rounded to seconds. */
export function formatDuration(ms: number): string {
  if (typeof ms !== "number" || !isFinite(ms)) throw new TypeErrorCtor("formatDuration(ms): ms must be a number");
  let left = ms < 0 ? -ms : ms;
  left = left - (left % second) + (left % second >= second / 2 ? second : 0);
  let out = "";
  for (let i = 0; i < parts.length; i++) {
    const size = parts[i]![0];
    const unit = parts[i]![1];
    const n = (left - (left % size)) / size;
    left %= size;
    if (n > 0) out += `${out === "" ? "" : " "}${StringOf(n)}${unit}`;
  }
  return out === "" ? "0s" : (ms < 0 ? "-" : "") + out;
}

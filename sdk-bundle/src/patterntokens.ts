// The tokens of a pattern, by the URL Pattern standard.
import { TypeErrorCtor, add, charCodeAt, indexOf, list, regExpExec, slice } from "./primordials";

export type Type = "open" | "close" | "regexp" | "name" | "char" | "escaped" | "modifier" | "asterisk" | "end" | "invalid";

export interface Token {
  type: Type;
  at: number; // Where it begins in the pattern.
  value: string;
}

const nameStart = /^[$_\p{ID_Start}]$/u;
const namePart = /^[$\u200c\u200d\p{ID_Continue}]$/u;

/** The character at a place: one or two units. */
export function characterAt(s: string, at: number): string {
  const c = charCodeAt(s, at);
  const second = c >= 0xd800 && c < 0xdc00 ? charCodeAt(s, at + 1) : 0;
  return slice(s, at, at + (second >= 0xdc00 && second < 0xe000 ? 2 : 1));
}

/** Whether a character can be in a name. */
export function inName(c: string, first: boolean): boolean {
  return regExpExec(first ? nameStart : namePart, c) !== null;
}

function ascii(c: string): boolean {
  return charCodeAt(c, 0) < 0x80;
}

function bad(s: string, at: number, why: string): never {
  throw new TypeErrorCtor(`URLPattern: ${why} at ${at} of '${slice(s, 0, 200)}'`);
}

/** Takes a pattern apart; lenient keeps what is wrong as tokens of their own. */
export function tokens(s: string, lenient: boolean): Token[] {
  const out = list<Token>();
  let at = 0;
  const put = (type: Type, next: number, from: number, to: number): void => {
    add(out, { type, at, value: slice(s, from, to) });
    at = next;
  };
  const wrong = (next: number, from: number, why: string): void => {
    if (!lenient) bad(s, from, why);
    put("invalid", next, from, next);
  };
  while (at < s.length) {
    const c = characterAt(s, at);
    const after = at + c.length;
    switch (c) {
      case "*":
        put("asterisk", after, at, after);
        break;
      case "+":
      case "?":
        put("modifier", after, at, after);
        break;
      case "{":
        put("open", after, at, after);
        break;
      case "}":
        put("close", after, at, after);
        break;
      case "\\":
        if (after >= s.length) wrong(after, at, "a backslash has nothing behind it");
        else {
          const end = after + characterAt(s, after).length;
          put("escaped", end, after, end);
        }
        break;
      case ":": {
        let end = after;
        while (end < s.length) {
          const n = characterAt(s, end);
          if (!inName(n, end === after)) break;
          end += n.length;
        }
        if (end === after) wrong(after, at, "a colon has no name behind it");
        else put("name", end, after, end);
        break;
      }
      case "(": {
        const end = groupEnd(s, after);
        if (typeof end === "string") wrong(after, at, end);
        else put("regexp", end, after, end - 1);
        break;
      }
      default:
        put("char", after, at, after);
    }
  }
  put("end", at, at, at);
  return out;
}

/** Where a group that is a regular expression ends, or what is wrong with it. */
function groupEnd(s: string, from: number): number | string {
  let depth = 1;
  for (let at = from; at < s.length; ) {
    const c = characterAt(s, at);
    if (!ascii(c)) return "a regular expression has a character beyond ASCII";
    if (at === from && c === "?") return "a regular expression begins with a question mark";
    at++;
    if (c === "\\") {
      if (at === s.length) return "a backslash has nothing behind it";
      if (!ascii(characterAt(s, at))) return "a regular expression has a character beyond ASCII";
      at++;
    } else if (c === ")") {
      if (--depth > 0) continue;
      return at === from + 1 ? "a regular expression is empty" : at;
    } else if (c === "(") {
      depth++;
      if (at === s.length) break;
      if (characterAt(s, at) !== "?") return "a regular expression has a group that captures";
    }
  }
  return "a regular expression does not end";
}

/** A text with a backslash before each of some characters. */
export function escaped(s: string, which: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    if (indexOf(which, s[i]!) < 0) continue;
    out += slice(s, from, i) + "\\";
    from = i;
  }
  return out + slice(s, from);
}

// MIME types, by the MIME Sniffing standard.
import { toLowerCase } from "./bytes";
import { charCodeAt, dict, indexOf, regExpExec, slice } from "./primordials";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const quotable = /^[\t -~\u0080-\u00ff]*$/;

function blank(c: number): boolean {
  return c === 32 || c === 9 || c === 10 || c === 13;
}

function trimmed(s: string, front: boolean): string {
  let from = 0;
  let to = s.length;
  while (front && from < to && blank(charCodeAt(s, from))) from++;
  while (to > from && blank(charCodeAt(s, to - 1))) to--;
  return slice(s, from, to);
}

/** A parameter's value in quotes, and where it ends. */
function quoted(s: string, from: number): { value: string; at: number } {
  let value = "";
  let i = from + 1;
  for (; i < s.length; i++) {
    const c = charCodeAt(s, i);
    if (c === 34) break;
    if (c === 92 && i + 1 < s.length) i++;
    value += s[i]!;
  }
  const end = indexOf(s, ";", i);
  return { value, at: end < 0 ? s.length : end };
}

function escaped(s: string): string {
  let out = "";
  for (let i = 0; i < s.length; i++) out += s[i] === '"' || s[i] === "\\" ? "\\" + s[i]! : s[i]!;
  return out;
}

/** A type as it is written when all of it is understood; undefined when it is none. */
export function mimeOf(text: string): string | undefined {
  const s = trimmed(text, true);
  const semicolon = indexOf(s, ";");
  const kind = toLowerCase(trimmed(semicolon < 0 ? s : slice(s, 0, semicolon), false));
  const slash = indexOf(kind, "/");
  if (slash < 0 || regExpExec(token, slice(kind, 0, slash)) === null || regExpExec(token, slice(kind, slash + 1)) === null) return undefined;
  let out = kind;
  const seen = dict<true>();
  for (let at = semicolon < 0 ? s.length : semicolon; at < s.length; ) {
    at++;
    while (at < s.length && blank(charCodeAt(s, at))) at++;
    const from = at;
    while (at < s.length && s[at] !== ";" && s[at] !== "=") at++;
    const name = toLowerCase(slice(s, from, at));
    if (at >= s.length || s[at] === ";") continue;
    let value: string;
    let bare = false;
    if (s[++at] === '"') ({ value, at } = quoted(s, at));
    else {
      const end = indexOf(s, ";", at);
      value = trimmed(slice(s, at, end < 0 ? s.length : end), false);
      at = end < 0 ? s.length : end;
      bare = true;
    }
    if ((bare && value === "") || regExpExec(token, name) === null || regExpExec(quotable, value) === null || seen[name]) continue;
    seen[name] = true;
    out += `;${name}=` + (regExpExec(token, value) === null ? `"${escaped(value)}"` : value);
  }
  return out;
}

/** A type, as mimeOf gives it, without its parameters. */
export function essence(type: string): string {
  const at = indexOf(type, ";");
  return at < 0 ? type : slice(type, 0, at);
}

const charset = /;charset=(?:"(?:[^"\\]|\\.)*"|[^;"]*)/;

/**
 * The type that a content-type header has, by the Fetch standard: the last of several that is
 * one, with the charset of those before it where they are the same but for parameters.
 */
export function mimeIn(header: string): string | undefined {
  let out: string | undefined;
  let kept = "";
  for (let from = 0; from <= header.length; ) {
    let to = from;
    for (let inside = false; to < header.length && (inside || header[to] !== ","); to++) {
      if (header[to] === '"') inside = !inside;
      else if (inside && header[to] === "\\") to++;
    }
    const type = mimeOf(slice(header, from, to));
    from = to + 1;
    if (type === undefined || type === "*/*") continue;
    const own = regExpExec(charset, type);
    if (own !== null) kept = own[0]!;
    else if (out === undefined || essence(out) !== essence(type)) kept = "";
    out = own === null ? type + kept : type;
  }
  return out;
}

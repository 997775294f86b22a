// The text of a log line from the arguments of console.log.
import { shallow, shown } from "./inspect";
import { JSONStringify, MathTrunc, charCodeAt, includes, parseFloat, parseInt, slice } from "./primordials";

const maxLine = 16 * 1024;
const percent = 37;

export function cut(s: string): string {
  return s.length > maxLine ? slice(s, 0, maxLine) + "... (cut)" : s;
}

/** Joins by spaces; a first text with % directives takes the values it names. */
export function format(args: unknown[]): string {
  let out = "";
  let next = 0;
  const first = args[0];
  if (typeof first === "string") {
    next = 1;
    if (args.length > 1 && includes(first, "%")) {
      const t: Template = { args, next };
      out = fill(t, first);
      next = t.next;
    } else out = first;
  }
  for (; next < args.length && out.length <= maxLine; next++) {
    const a = args[next];
    if (next > 0) out += " ";
    out += typeof a === "string" ? a : shown(a);
  }
  return cut(out);
}

interface Template {
  args: unknown[];
  next: number;
}

function fill(t: Template, text: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i + 1 < text.length; i++) {
    if (charCodeAt(text, i) !== percent) continue;
    const directive = text[i + 1]!;
    let value: string | undefined;
    if (directive === "%") value = "%";
    else if (t.next < t.args.length) value = directed(directive, t.args[t.next]);
    if (value === undefined) continue;
    if (directive !== "%") t.next++;
    out += slice(text, from, i) + value;
    from = i + 2;
    i++;
  }
  return out + slice(text, from);
}

/** The text of a value for one directive; undefined for what is none. */
function directed(directive: string, v: unknown): string | undefined {
  switch (directive) {
    case "s":
      return typeof v === "string" ? v : shallow(v, 0);
    case "d":
    case "i":
      if (typeof v === "bigint") return `${v}n`;
      return isObject(v) || typeof v === "symbol" ? "NaN" : typeof v === "number" ? `${MathTrunc(v)}` : `${parseInt(`${v}`, 10)}`;
    case "f":
      return isObject(v) || typeof v === "symbol" ? "NaN" : `${parseFloat(`${v}`)}`;
    case "j":
      return jsonText(v);
    case "o":
    case "O":
      return shown(v);
    case "c":
      return ""; // Styles have no meaning in a log.
    default:
      return undefined;
  }
}

function isObject(v: unknown): boolean {
  return v !== null && (typeof v === "object" || typeof v === "function");
}

function jsonText(v: unknown): string {
  try {
    return JSONStringify(v) ?? "undefined";
  } catch {
    return "[Circular]";
  }
}

// The parts of a component's pattern, its regular expression and how it is
// written, by the URL Pattern standard.
import { TypeErrorCtor, MapCtor, add, charCodeAt, list, mapGet, mapSet, numberToString, slice } from "./primordials";
import { type Token, type Type, characterAt, escaped, inName, tokens } from "./patterntokens";

/** How a component is divided: the delimiter ends a named group, the prefix belongs to the group behind it. */
export interface Options {
  delimiter: string;
  prefix: string;
}

type Modifier = "" | "?" | "*" | "+";

interface Part {
  type: "fixed" | "regexp" | "segment" | "wildcard";
  value: string; // A text, or a regular expression.
  modifier: Modifier;
  name: string;
  prefix: string;
  suffix: string;
}

const everything = ".*";

function segmentOf(o: Options): string {
  return `[^${regexpText(o.delimiter)}]+?`;
}

function regexpText(s: string): string {
  return escaped(s, ".+*?^${}()[]|/\\");
}

function patternText(s: string): string {
  return escaped(s, "+*?:{}()\\");
}

/** Reads a pattern; encode canonicalizes a fixed text of it, and refuses what cannot be. */
export function partsOf(pattern: string, o: Options, encode: (s: string) => string): Part[] {
  const all = tokens(pattern, false);
  const segment = segmentOf(o);
  const out = list<Part>();
  const names = new MapCtor<string, true>();
  let at = 0;
  let pending = "";
  let number = 0;

  const take = (type: Type): Token | undefined => (all[at]!.type === type ? all[at++] : undefined);
  const need = (type: Type): void => {
    if (take(type) === undefined) throw new TypeErrorCtor(`URLPattern: unexpected '${all[at]!.value}' at ${all[at]!.at} of '${slice(pattern, 0, 200)}'`);
  };
  const group = (name: Token | undefined): Token | undefined => take("regexp") ?? (name === undefined ? take("asterisk") : undefined);
  const modifier = (): Modifier => (take("modifier") ?? take("asterisk"))?.value as Modifier | undefined ?? "";
  const text = (): string => {
    let s = "";
    for (let t = take("char") ?? take("escaped"); t !== undefined; t = take("char") ?? take("escaped")) s += t.value;
    return s;
  };
  const flush = (): void => {
    if (pending === "") return;
    const value = encode(pending);
    pending = "";
    add(out, { type: "fixed", value, modifier: "", name: "", prefix: "", suffix: "" });
  };
  const part = (prefix: string, name: Token | undefined, g: Token | undefined, suffix: string, m: Modifier): void => {
    if (name === undefined && g === undefined && m === "") {
      pending += prefix;
      return;
    }
    flush();
    if (name === undefined && g === undefined) {
      if (prefix !== "") add(out, { type: "fixed", value: encode(prefix), modifier: m, name: "", prefix: "", suffix: "" });
      return;
    }
    const of = g === undefined ? segment : g.type === "asterisk" ? everything : g.value;
    const type = of === segment ? "segment" : of === everything ? "wildcard" : "regexp";
    const value = type === "regexp" ? of : "";
    const called = name !== undefined ? name.value : numberToString(number++, 10);
    if (mapGet(names, called)) throw new TypeErrorCtor(`URLPattern: there are two groups named ${slice(called, 0, 100)}`);
    mapSet(names, called, true);
    add(out, { type, value, modifier: m, name: called, prefix: encode(prefix), suffix: encode(suffix) });
  };

  while (at < all.length) {
    const char = take("char");
    const name = take("name");
    const g = group(name);
    if (name !== undefined || g !== undefined) {
      let prefix = char === undefined ? "" : char.value;
      if (prefix !== "" && prefix !== o.prefix) {
        pending += prefix;
        prefix = "";
      }
      flush();
      part(prefix, name, g, "", modifier());
      continue;
    }
    const fixed = char ?? take("escaped");
    if (fixed !== undefined) {
      pending += fixed.value;
      continue;
    }
    if (take("open") !== undefined) {
      const prefix = text();
      const inner = take("name");
      const of = group(inner);
      const suffix = text();
      need("close");
      part(prefix, inner, of, suffix, modifier());
      continue;
    }
    flush();
    need("end");
  }
  return out;
}

/** The source of a regular expression for parts, and the names of its groups. */
export function expression(parts: Part[], o: Options): { source: string; names: string[] } {
  let out = "^";
  const names = list<string>();
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    if (p.type === "fixed") {
      out += p.modifier === "" ? regexpText(p.value) : `(?:${regexpText(p.value)})${p.modifier}`;
      continue;
    }
    add(names, p.name);
    const value = p.type === "segment" ? segmentOf(o) : p.type === "wildcard" ? everything : p.value;
    const once = p.modifier === "" || p.modifier === "?";
    if (p.prefix === "" && p.suffix === "") {
      out += once ? `(${value})${p.modifier}` : `((?:${value})${p.modifier})`;
      continue;
    }
    const before = regexpText(p.prefix);
    const after = regexpText(p.suffix);
    if (once) out += `(?:${before}(${value})${after})${p.modifier}`;
    else out += `(?:${before}((?:${value})(?:${after}${before}(?:${value}))*)${after})${p.modifier === "*" ? "?" : ""}`;
  }
  return { source: out + "$", names };
}

function numbered(name: string): boolean {
  const c = charCodeAt(name, 0);
  return c >= 48 && c <= 57;
}

/** Parts as a pattern. */
export function written(parts: Part[], o: Options): string {
  let out = "";
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    const before = i > 0 ? parts[i - 1] : undefined;
    const next = i + 1 < parts.length ? parts[i + 1] : undefined;
    if (p.type === "fixed") {
      out += p.modifier === "" ? patternText(p.value) : `{${patternText(p.value)}}${p.modifier}`;
      continue;
    }
    const named = !numbered(p.name);
    let grouped = p.suffix !== "" || (p.prefix !== "" && p.prefix !== o.prefix);
    if (!grouped && named && p.type === "segment" && p.modifier === "" && next !== undefined && next.prefix === "" && next.suffix === "") {
      // The name must not go on into what follows.
      grouped = next.type === "fixed" ? inName(characterAt(next.value, 0), false) : numbered(next.name);
    }
    if (!grouped && p.prefix === "" && before !== undefined && before.type === "fixed" && o.prefix !== "") {
      grouped = slice(before.value, -1) === o.prefix;
    }
    if (grouped) out += "{";
    out += patternText(p.prefix);
    if (named) out += ":" + p.name;
    if (p.type === "regexp") out += `(${p.value})`;
    else if (p.type === "segment" && !named) out += `(${segmentOf(o)})`;
    else if (p.type === "wildcard") {
      const star = !named && (before === undefined || before.type === "fixed" || before.modifier !== "" || grouped || p.prefix !== "");
      out += star ? "*" : "(.*)";
    }
    if (p.type === "segment" && named && p.suffix !== "" && inName(characterAt(p.suffix, 0), false)) out += "\\";
    out += patternText(p.suffix);
    if (grouped) out += "}";
    out += p.modifier;
  }
  return out;
}

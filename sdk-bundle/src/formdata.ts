// FormData, by the XMLHttpRequest standard, and its form as multipart/form-data.
import { base64ToText, bytesToBase64, copyInto, lengthOf, part, textToBase64, base64ToBytes, toLowerCase, Uint8ArrayCtor } from "./bytes";
import { type File, fileOf, insideBlob, insideFile } from "./blob";
import { type Pairs, iterable } from "./pairs";
import { DateNow, MathRandom, TypeErrorCtor, add, append, charCodeAt, indexOf, list, numberToString, slice, split, startsWith, trim } from "./primordials";
import { expose, isObject, needs, usv } from "./webidl";

type Entry = [name: string, value: string | File];

let entriesIn: (v: unknown) => Entry[] | undefined;
let filled: (all: Entry[]) => FormData;

function entryOf(name: unknown, value: unknown, count: number, filename: unknown): Entry {
  const n = usv(name);
  const b = insideBlob(value);
  if (b === undefined) {
    if (count > 2) throw new TypeErrorCtor("FormData: only a Blob has a file name");
    return [n, usv(value)];
  }
  const f = insideFile(value);
  if (f !== undefined && count < 3) return [n, value as File];
  return [n, fileOf(b.bytes, b.type, count > 2 ? usv(filename) : "blob", f?.lastModified ?? DateNow())];
}

export interface FormData extends Pairs<string | File> {}
export class FormData {
  #list = list<Entry>();

  static {
    entriesIn = (v) => (isObject(v) && #list in v ? v.#list : undefined);
    filled = (all) => {
      const out = new FormData();
      out.#list = all;
      return out;
    };
  }

  constructor(form?: unknown) {
    if (form !== undefined) throw new TypeErrorCtor("FormData: there are no forms here; append the entries");
  }
  append(name: unknown, value: unknown, filename?: unknown): void {
    needs(2, arguments.length, "FormData.append");
    add(this.#list, entryOf(name, value, arguments.length, filename));
  }
  delete(name: unknown): void {
    needs(1, arguments.length, "FormData.delete");
    const n = usv(name);
    const kept = list<Entry>();
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] !== n) add(kept, this.#list[i]!);
    this.#list = kept;
  }
  get(name: unknown): string | File | null {
    needs(1, arguments.length, "FormData.get");
    const n = usv(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) return this.#list[i]![1];
    return null;
  }
  getAll(name: unknown): (string | File)[] {
    needs(1, arguments.length, "FormData.getAll");
    const n = usv(name);
    const out: (string | File)[] = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) append(out, this.#list[i]![1]);
    return out;
  }
  has(name: unknown): boolean {
    needs(1, arguments.length, "FormData.has");
    const n = usv(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i]![0] === n) return true;
    return false;
  }
  set(name: unknown, value: unknown, filename?: unknown): void {
    needs(2, arguments.length, "FormData.set");
    const e = entryOf(name, value, arguments.length, filename);
    const kept = list<Entry>();
    let found = false;
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i]![0] !== e[0]) add(kept, this.#list[i]!);
      else if (!found) {
        add(kept, e);
        found = true;
      }
    }
    if (!found) add(kept, e);
    this.#list = kept;
  }
}
iterable(FormData, "FormData", pairsIn);
expose(FormData, "FormData");

function pairsIn(form: unknown): Entry[] {
  const all = entriesIn(form);
  if (all === undefined) throw new TypeErrorCtor("Illegal invocation: this is no FormData");
  return all;
}

/** Whether v is a FormData. */
export function isForm(v: unknown): boolean {
  return entriesIn(v) !== undefined;
}

/** A form of names and texts. */
export function formFrom(pairs: [string, string][]): FormData {
  const all = list<Entry>();
  for (let i = 0; i < pairs.length; i++) add(all, [pairs[i]![0], pairs[i]![1]]);
  return filled(all);
}

/** Line ends as a form sends them. */
function crlf(s: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    const c = charCodeAt(s, i);
    if (c !== 13 && c !== 10) continue;
    out += slice(s, from, i) + "\r\n";
    if (c === 13 && charCodeAt(s, i + 1) === 10) i++;
    from = i + 1;
  }
  return out + slice(s, from);
}

function quoted(s: string): string {
  let out = "";
  for (let i = 0; i < s.length; i++) {
    const c = charCodeAt(s, i);
    out += c === 13 ? "%0D" : c === 10 ? "%0A" : c === 34 ? "%22" : s[i]!;
  }
  return out;
}

/** A form's multipart/form-data, and its type. */
export function multipart(v: unknown): { bytes: Uint8Array; type: string } {
  const all = entriesIn(v)!;
  const boundary = "----FloraFormBoundary" + slice(numberToString(MathRandom(), 36), 2) + slice(numberToString(MathRandom(), 36), 2);
  const parts = list<Uint8Array>();
  let size = 0;
  const put = (b: Uint8Array): void => {
    size += lengthOf(b);
    add(parts, b);
  };
  const text = (s: string): void => put(base64ToBytes(textToBase64(s)));
  for (let i = 0; i < all.length; i++) {
    const name = all[i]![0];
    const value = all[i]![1];
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(crlf(name))}"`;
    if (typeof value === "string") {
      text(`${head}\r\n\r\n${crlf(value)}\r\n`);
      continue;
    }
    const b = insideBlob(value)!;
    head += `; filename="${quoted(insideFile(value)!.name)}"\r\nContent-Type: ${b.type === "" ? "application/octet-stream" : b.type}\r\n\r\n`;
    text(head);
    put(b.bytes);
    text("\r\n");
  }
  text(`--${boundary}--\r\n`);
  const out = new Uint8ArrayCtor(size);
  for (let i = 0, at = 0; i < parts.length; i++) {
    copyInto(out, parts[i]!, at);
    at += lengthOf(parts[i]!);
  }
  return { bytes: out, type: `multipart/form-data; boundary=${boundary}` };
}

function broken(): never {
  throw new TypeErrorCtor("formData: the body is no multipart/form-data");
}

/** Where text of ASCII stands in bytes, from a place on; -1 if nowhere. */
function find(b: Uint8Array, s: string, from: number): number {
  const first = charCodeAt(s, 0);
  const n = s.length;
  outer: for (let i = from, last = lengthOf(b) - n; i <= last; i++) {
    if (b[i] !== first) continue;
    for (let j = 1; j < n; j++) if (b[i + j] !== charCodeAt(s, j)) continue outer;
    return i;
  }
  return -1;
}

function parameter(s: string, name: string): string | undefined {
  const at = indexOf(toLowerCase(s), name + "=");
  if (at < 0) return undefined;
  let from = at + name.length + 1;
  if (charCodeAt(s, from) !== 34) {
    const end = indexOf(s, ";", from);
    return trim(slice(s, from, end < 0 ? s.length : end));
  }
  from++;
  const end = indexOf(s, '"', from);
  return end < 0 ? broken() : slice(s, from, end);
}

function unquoted(s: string): string {
  return replace(replace(replace(s, "%22", '"'), "%0D", "\r"), "%0A", "\n");
}

function replace(s: string, what: string, by: string): string {
  const all = split(s, what);
  let out = all[0]!;
  for (let i = 1; i < all.length; i++) out += by + all[i];
  return out;
}

/** The parameter of "; name=..." in a header, where it begins a word. */
function named(header: string, name: string): string | undefined {
  const at = indexOf(toLowerCase(header), "; " + name + "=");
  return at < 0 ? undefined : parameter(slice(header, at + 2), name);
}

/** Reads multipart/form-data. */
export function parseMultipart(b: Uint8Array, type: string): FormData {
  const boundary = parameter(type, "boundary");
  if (boundary === undefined || boundary === "") broken();
  const mark = "--" + boundary;
  const all = list<Entry>();
  let at = find(b, mark, 0);
  if (at < 0) broken();
  for (;;) {
    at += mark.length;
    if (b[at] === 45 && b[at + 1] === 45) return filled(all);
    if (b[at] !== 13 || b[at + 1] !== 10) broken();
    at += 2;
    const head = find(b, "\r\n\r\n", at - 2);
    if (head < 0) broken();
    const lines = split(base64ToText(bytesToBase64(part(b, at, head < at ? at : head))), "\r\n");
    let name: string | undefined;
    let filename: string | undefined;
    let kind = "text/plain";
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      const lower = toLowerCase(line);
      if (startsWith(lower, "content-disposition:")) {
        if (!startsWith(trim(slice(lower, 20)), "form-data")) broken();
        name = named(line, "name");
        filename = named(line, "filename");
      } else if (startsWith(lower, "content-type:")) kind = trim(slice(line, 13));
    }
    if (name === undefined) broken();
    const end = find(b, "\r\n" + mark, head + 2);
    if (end < 0) broken();
    const from = head + 4;
    const body = part(b, from, end < from ? from : end);
    if (filename === undefined) add(all, [unquoted(name), base64ToText(bytesToBase64(body))]);
    else {
      const own = new Uint8ArrayCtor(lengthOf(body));
      copyInto(own, body);
      add(all, [unquoted(name), fileOf(own, kind, unquoted(filename), DateNow())]);
    }
    at = end + 2;
  }
}

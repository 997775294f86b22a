// Blob and File, by the File API.
import { bufferOf, copyInto, isBytes, lengthOf, part, textToBase64, base64ToBytes, base64ToText, bytesToBase64, toLowerCase, viewOf, Uint8ArrayCtor } from "./bytes";
import { cloneable } from "./clone";
import { DateNow, MathMax, MathMin, MathTrunc, NumberOf, TypeErrorCtor, add, charCodeAt, list, slice, startsWith } from "./primordials";
import { rejectedWith, resolvedWith } from "./promises";
import { type ReadableStream, readableFor } from "./readable";
import { Readable } from "./rs";
import { ByteController } from "./rsbytes";
import { dictionary, expose, isObject, looksLike, needs, sequence, textOf, usv } from "./webidl";

const key = {};
let blobIn: (v: unknown) => { bytes: Uint8Array; type: string } | undefined;
let fileIn: (v: unknown) => { name: string; lastModified: number } | undefined;

/** All parts as one; what is no bytes and no blob is text. */
function gather(parts: unknown[], native: boolean): Uint8Array {
  const all = list<Uint8Array>();
  let size = 0;
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i];
    const b = blobIn(p)?.bytes ?? (isBytes(p) ? viewOf(p, "Blob") : base64ToBytes(textToBase64(native ? unixEnds(textOf(p)) : textOf(p))));
    size += lengthOf(b);
    add(all, b);
  }
  const out = new Uint8ArrayCtor(size);
  for (let i = 0, at = 0; i < all.length; i++) {
    copyInto(out, all[i]!, at);
    at += lengthOf(all[i]!);
  }
  return out;
}

/** A text with the line ends of the system, which are those of Unix. */
function unixEnds(s: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    if (charCodeAt(s, i) !== 13) continue;
    out += slice(s, from, i) + "\n";
    if (charCodeAt(s, i + 1) === 10) i++;
    from = i + 1;
  }
  return out + slice(s, from);
}

function typeOf(v: unknown): string {
  if (v === undefined) return "";
  const t = textOf(v);
  for (let i = 0; i < t.length; i++) {
    const c = charCodeAt(t, i);
    if (c < 32 || c > 126) return "";
  }
  return toLowerCase(t);
}

/** Illegal use of a method that gives a promise rejects. */
function reading<T>(v: unknown, f: (bytes: Uint8Array) => T): Promise<T> {
  const b = blobIn(v);
  if (b === undefined) return rejectedWith(new TypeErrorCtor("Illegal invocation: this is no Blob"));
  try {
    return resolvedWith(f(b.bytes));
  } catch (e) {
    return rejectedWith(e);
  }
}

function copy(b: Uint8Array): Uint8Array {
  const out = new Uint8ArrayCtor(lengthOf(b));
  copyInto(out, b);
  return out;
}

const chunk = 64 << 10;

export class Blob {
  #bytes: Uint8Array; // Never handed out: what reads copies.
  #type: string;

  static {
    blobIn = (v) => (isObject(v) && #bytes in v ? { bytes: v.#bytes, type: v.#type } : undefined);
  }

  constructor(parts?: unknown, options?: unknown) {
    if (parts === key) {
      const { bytes, type } = options as { bytes: Uint8Array; type: string };
      this.#bytes = bytes;
      this.#type = type;
      return;
    }
    if (parts !== undefined && !isObject(parts)) throw new TypeErrorCtor("Blob: expected a list of parts");
    const all = parts === undefined ? list<unknown>() : sequence(parts, "Blob");
    // Before the options are looked at.
    for (let i = 0; i < all.length; i++) if (blobIn(all[i]) === undefined && !isBytes(all[i])) all[i] = textOf(all[i]);
    const o = dictionary(options, "Blob");
    const endings = o.endings === undefined ? "transparent" : textOf(o.endings);
    if (endings !== "transparent" && endings !== "native") throw new TypeErrorCtor("Blob: endings must be \"transparent\" or \"native\"");
    const { type } = o;
    this.#type = typeOf(type);
    this.#bytes = gather(all, endings === "native");
  }
  get size(): number {
    return lengthOf(this.#bytes);
  }
  get type(): string {
    return this.#type;
  }
  slice(start?: unknown, end?: unknown, type?: unknown): Blob {
    const size = lengthOf(this.#bytes);
    const at = (v: unknown, fallback: number): number => {
      if (v === undefined) return fallback;
      const n = MathTrunc(NumberOf(v));
      const whole = n === n ? n : 0;
      return whole < 0 ? MathMax(size + whole, 0) : MathMin(whole, size);
    };
    const from = at(start, 0);
    const to = MathMax(at(end, size), from);
    return blobOf(part(this.#bytes, from, to), typeOf(type));
  }
  text(): Promise<string> {
    return reading(this, (b) => {
      const text = base64ToText(bytesToBase64(b));
      return startsWith(text, "\ufeff") ? slice(text, 1) : text;
    });
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return reading(this, (b) => bufferOf(copy(b)));
  }
  bytes(): Promise<Uint8Array> {
    return reading(this, copy);
  }
  stream(): ReadableStream {
    return streamOf(this.#bytes);
  }
}
expose(Blob, "Blob");
looksLike(Blob, "size type");

/** A stream of bytes that stay as they are. */
export function streamOf(bytes: Uint8Array): ReadableStream {
  const s = new Readable();
  const c = new ByteController(s, 0, undefined);
  const size = lengthOf(bytes);
  let at = 0;
  const pull = (): void => {
    if (at >= size) {
      c.close();
      if (c.pending.length > 0) c.respond(0);
      return;
    }
    const to = MathMin(at + chunk, size);
    c.enqueue(copy(part(bytes, at, to)));
    at = to;
  };
  c.pull = () => {
    try {
      pull();
      return resolvedWith(undefined);
    } catch (e) {
      return rejectedWith(e);
    }
  };
  c.begin(undefined);
  return readableFor(s);
}

export class File extends Blob {
  #name: string;
  #lastModified: number;

  static {
    fileIn = (v) => (isObject(v) && #name in v ? { name: v.#name, lastModified: v.#lastModified } : undefined);
  }

  constructor(parts: unknown, name: unknown, options?: unknown) {
    if (parts === key) {
      super(parts, options);
      this.#name = name as string;
      this.#lastModified = (options as { lastModified: number }).lastModified;
      return;
    }
    needs(2, arguments.length, "File");
    if (!isObject(parts)) throw new TypeErrorCtor("File: expected a list of parts");
    super(parts, options);
    this.#name = usv(name);
    const { lastModified } = dictionary(options, "File");
    const at = lastModified === undefined ? DateNow() : MathTrunc(NumberOf(lastModified));
    this.#lastModified = at === at ? at + 0 : 0;
  }
  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  get webkitRelativePath(): string {
    void this.#name;
    return "";
  }
}
expose(File, "File");
looksLike(File, "name lastModified size type");

cloneable({
  is: (v) => blobIn(v) !== undefined,
  copy: (v) => {
    const b = blobIn(v)!;
    const f = fileIn(v);
    return () => (f === undefined ? blobOf(b.bytes, b.type) : fileOf(b.bytes, b.type, f.name, f.lastModified));
  },
});

/** A blob of bytes that nobody changes. */
export function blobOf(bytes: Uint8Array, type: string): Blob {
  return new Blob(key, { bytes, type });
}

export function fileOf(bytes: Uint8Array, type: string, name: string, lastModified: number): File {
  return new File(key, name, { bytes, type, lastModified });
}

/** The bytes and the type of a blob; undefined for anything else. */
export function insideBlob(v: unknown): { bytes: Uint8Array; type: string } | undefined {
  return blobIn(v);
}

export function insideFile(v: unknown): { name: string; lastModified: number } | undefined {
  return fileIn(v);
}

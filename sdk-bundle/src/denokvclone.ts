// Values of Deno.Kv as bytes. The first byte is the format's version, so that
// another one can be read beside it. Each value is a tag and what belongs to it;
// objects are numbered as they come, and one that comes again is its number, so
// that cycles and shared parts stay what they are.
import { Uint8ArrayCtor, bufferOf, charCode, copyInto, copyOf, isBytes, lengthOf, part, viewOf } from "./bytes";
import { DOMException } from "./exception";
import { isErrorLike } from "./inspect";
import {
  ArrayIsArray,
  BigIntOf,
  DateCtor,
  ErrorCtor,
  MapCtor,
  MathFloor,
  ObjectCtor,
  ObjectKeys,
  RangeErrorCtor,
  RegExpCtor,
  SetCtor,
  TypeErrorCtor,
  add,
  bigintToString,
  charCodeAt,
  dateValue,
  errorClasses,
  hasOwn,
  hide,
  isView,
  list,
  mapGet,
  mapKeys,
  mapNext,
  mapSet,
  mapSize,
  put,
  regExpFlags,
  regExpSource,
  setAdd,
  setNext,
  setSize,
  setValues,
  slice,
  startsWith,
  typedBuffer,
  typedName,
  typedOffset,
  viewBuffer,
  viewBytes,
  viewClasses,
  viewOffset,
  wrappers,
} from "./primordials";

const version = 1;
const deepest = 200;
/** The classes of views, and how wide their elements are; the numbers are the places in the list. */
const views: [string, number][] = [
  ["Int8Array", 1],
  ["Uint8Array", 1],
  ["Uint8ClampedArray", 1],
  ["Int16Array", 2],
  ["Uint16Array", 2],
  ["Int32Array", 4],
  ["Uint32Array", 4],
  ["Float32Array", 4],
  ["Float64Array", 8],
  ["BigInt64Array", 8],
  ["BigUint64Array", 8],
  ["DataView", 1],
];
const errors = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];
const double = new viewClasses.Float64Array(1);
const doubleBytes = new Uint8ArrayCtor(typedBuffer(double));

// Tags. A number keeps its meaning for ever.
const Undefined = 0, Null = 1, True = 2, False = 3, Int = 4, Double = 5, Text = 6, Big = 7, DateTag = 8, Regex = 9, ArrayTag = 10, Hole = 11,
  Plain = 12, MapTag = 13, SetTag = 14, Buffer = 15, View = 16, ErrorTag = 17, Again = 18, Boxed = 19; // prettier-ignore

class Writer {
  bytes = new Uint8ArrayCtor(64);
  length = 0;
  seen = new MapCtor<unknown, number>();
  count = 0;
  most: number;

  constructor(most: number) {
    this.most = most;
  }

  room(n: number): void {
    const need = this.length + n;
    if (need > this.most) throw new TypeErrorCtor(`Value too large (max ${this.most} bytes)`);
    if (need <= lengthOf(this.bytes)) return;
    const more = new Uint8ArrayCtor(need * 2);
    copyInto(more, this.bytes);
    this.bytes = more;
  }

  byte(b: number): void {
    this.room(1);
    this.bytes[this.length++] = b;
  }

  varint(n: number): void {
    for (; n >= 128; n = MathFloor(n / 128)) this.byte((n % 128) + 128);
    this.byte(n);
  }

  raw(b: Uint8Array): void {
    const n = lengthOf(b);
    this.room(n);
    copyInto(this.bytes, b, this.length);
    this.length += n;
  }

  number(n: number): void {
    double[0] = n;
    this.raw(doubleBytes);
  }

  /** Half a surrogate pair is written like a character, so that any text comes back. */
  text(s: string): void {
    const out = textBytes(s, this.most);
    this.varint(lengthOf(out));
    this.raw(out);
  }
}

/** UTF-8 of a text, in which a lone surrogate is three bytes of its own. */
export function textBytes(s: string, most: number): Uint8Array {
  if (s.length > most) throw new TypeErrorCtor(`Value too large (max ${most} bytes)`);
  const out = new Uint8ArrayCtor(s.length * 3);
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    let c = charCodeAt(s, i);
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < s.length) {
      const low = charCodeAt(s, i + 1);
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + (c - 0xd800) * 1024 + (low - 0xdc00);
        i++;
      }
    }
    if (c < 0x80) out[n++] = c;
    else if (c < 0x800) {
      out[n++] = 0xc0 | (c >> 6);
      out[n++] = 0x80 | (c & 63);
    } else if (c < 0x10000) {
      out[n++] = 0xe0 | (c >> 12);
      out[n++] = 0x80 | ((c >> 6) & 63);
      out[n++] = 0x80 | (c & 63);
    } else {
      out[n++] = 0xf0 | (c >> 18);
      out[n++] = 0x80 | ((c >> 12) & 63);
      out[n++] = 0x80 | ((c >> 6) & 63);
      out[n++] = 0x80 | (c & 63);
    }
  }
  return part(out, 0, n);
}

/** The inverse of textBytes. */
export function bytesText(b: Uint8Array, from: number, to: number): string {
  let out = "";
  for (let i = from; i < to; ) {
    const c = b[i++]!;
    if (c < 0x80) out += charCode(c);
    else if (c < 0xe0) out += charCode(((c & 31) << 6) | (b[i++]! & 63));
    else if (c < 0xf0) out += charCode(((c & 15) << 12) | ((b[i++]! & 63) << 6) | (b[i++]! & 63));
    else {
      const p = (((c & 7) << 18) | ((b[i++]! & 63) << 12) | ((b[i++]! & 63) << 6) | (b[i++]! & 63)) - 0x10000;
      out += charCode(0xd800 + (p >> 10), 0xdc00 + (p & 1023));
    }
  }
  return out;
}

function is(f: (v: unknown) => unknown, v: unknown): boolean {
  try {
    f(v);
    return true;
  } catch {
    return false;
  }
}

function refuse(what: string): never {
  throw new DOMException(`${what} could not be cloned`, "DataCloneError");
}

function write(w: Writer, v: any, depth: number): void {
  if (depth > deepest) throw new RangeErrorCtor(`The value is nested more than ${deepest} levels deep`);
  switch (typeof v) {
    case "undefined":
      return w.byte(Undefined);
    case "boolean":
      return w.byte(v ? True : False);
    case "string":
      w.byte(Text);
      return w.text(v);
    case "bigint":
      w.byte(Big);
      return w.text(bigintToString(v, 16));
    case "number":
      if ((v | 0) === v && !(v === 0 && 1 / v < 0)) {
        w.byte(Int);
        return w.varint(v < 0 ? -2 * v - 1 : 2 * v);
      }
      w.byte(Double);
      return w.number(v);
    case "object":
      break;
    default:
      refuse(typeof v === "symbol" ? "A symbol" : "A function");
  }
  if (v === null) return w.byte(Null);
  const at = mapGet(w.seen, v);
  if (at !== undefined) {
    w.byte(Again);
    return w.varint(at);
  }
  mapSet(w.seen, v, w.count++);
  writeObject(w, v, depth + 1);
}

function writeObject(w: Writer, v: any, depth: number): void {
  if (ArrayIsArray(v)) {
    w.byte(ArrayTag);
    w.varint(v.length);
    w.room(v.length);
    for (let i = 0, n = v.length; i < n; i++) {
      if (hasOwn(v, i)) write(w, v[i], depth);
      else w.byte(Hole);
    }
    return;
  }
  if (isView(v)) {
    const name = typedName(v) ?? "DataView";
    const data = name === "DataView";
    let kind = 0;
    while (kind < views.length && views[kind]![0] !== name) kind++;
    if (kind === views.length) refuse(`A ${name}`);
    w.byte(View);
    w.byte(kind);
    write(w, data ? viewBuffer(v) : bufferOf(v), depth);
    w.varint(data ? viewOffset(v) : typedOffset(v));
    w.varint(data ? viewBytes(v) : lengthOf(v as Uint8Array));
    return;
  }
  if (isBytes(v)) {
    const b = viewOf(v, "the value");
    w.byte(Buffer);
    w.varint(lengthOf(b));
    w.raw(b);
    return;
  }
  if (is(dateValue as never, v)) {
    w.byte(DateTag);
    return w.number(dateValue(v));
  }
  if (is(mapSize, v)) {
    w.byte(MapTag);
    w.varint(mapSize(v));
    const keys = mapKeys(v);
    for (let step = mapNext(keys); step.done !== true; step = mapNext(keys)) {
      write(w, step.value, depth);
      write(w, mapGet(v, step.value), depth);
    }
    return;
  }
  if (is(setSize, v)) {
    w.byte(SetTag);
    w.varint(setSize(v));
    const values = setValues(v);
    for (let step = setNext(values); step.done !== true; step = setNext(values)) write(w, step.value, depth);
    return;
  }
  if (isErrorLike(v)) return writeError(w, v, depth);
  for (let i = 0; i < wrappers.length; i++) {
    const name = wrappers[i]![1];
    const unwrap = wrappers[i]![2];
    if (!is(unwrap, v)) continue;
    if (name === "Symbol") refuse("A symbol");
    w.byte(Boxed);
    return write(w, unwrap(v), depth);
  }
  if (is(regExpSource, v) && v !== RegExpCtor.prototype) {
    w.byte(Regex);
    w.text(regExpSource(v));
    let flags = "";
    for (let i = 0; i < regExpFlags.length; i++) if (regExpFlags[i]![1](v)) flags += regExpFlags[i]![0];
    return w.text(flags);
  }
  const keys = ObjectKeys(v);
  w.byte(Plain);
  w.varint(keys.length);
  for (let i = 0; i < keys.length; i++) {
    w.text(keys[i]!);
    write(w, v[keys[i]!], depth);
  }
}

function writeError(w: Writer, v: any, depth: number): void {
  let kind = 0;
  while (kind < errors.length && errors[kind] !== v.name) kind++;
  w.byte(ErrorTag);
  w.byte(kind);
  w.text(`${v.message}`);
  w.text(typeof v.stack === "string" ? slice(v.stack, 0, 4096) : "");
  if (hasOwn(v, "cause")) {
    w.byte(1);
    write(w, v.cause, depth);
  } else w.byte(0);
}

/** The bytes of a value, first with the byte before them. */
export function cloneToBytes(v: unknown, before: number, most: number): Uint8Array {
  const w = new Writer(most);
  w.byte(before);
  w.byte(version);
  write(w, v, 0);
  return copyOf(part(w.bytes, 0, w.length));
}

interface Reader {
  b: Uint8Array;
  at: number;
  seen: unknown[];
}

function varint(r: Reader): number {
  let n = 0;
  for (let scale = 1; ; scale *= 128) {
    const b = r.b[r.at++]!;
    n += (b % 128) * scale;
    if (!(b >= 128)) return n;
  }
}

function number(r: Reader): number {
  for (let i = 0; i < 8; i++) doubleBytes[i] = r.b[r.at++]!;
  return double[0]!;
}

function text(r: Reader): string {
  const n = varint(r);
  const from = r.at;
  r.at += n;
  return bytesText(r.b, from, r.at);
}

function keep<T>(r: Reader, v: T): T {
  add(r.seen, v);
  return v;
}

function read(r: Reader): any {
  switch (r.b[r.at++]) {
    case Undefined:
      return undefined;
    case Null:
      return null;
    case True:
      return true;
    case False:
      return false;
    case Int: {
      const n = varint(r);
      return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
    }
    case Double:
      return number(r);
    case Text:
      return text(r);
    case Big: {
      const s = text(r);
      return startsWith(s, "-") ? -BigIntOf("0x" + slice(s, 1)) : BigIntOf("0x" + s);
    }
    case DateTag:
      return keep(r, new DateCtor(number(r)));
    case Regex: {
      const source = text(r);
      return keep(r, new RegExpCtor(source, text(r)));
    }
    case Again:
      return r.seen[varint(r)];
    case ArrayTag: {
      const n = varint(r);
      const out = keep(r, [] as unknown[]);
      out.length = n;
      for (let i = 0; i < n; i++) {
        if (r.b[r.at] === Hole) r.at++;
        else put(out, i, read(r));
      }
      return out;
    }
    case Plain: {
      const out = keep(r, {});
      for (let n = varint(r); n > 0; n--) {
        const key = text(r);
        put(out, key, read(r));
      }
      return out;
    }
    case MapTag: {
      const out = keep(r, new MapCtor());
      for (let n = varint(r); n > 0; n--) {
        const key = read(r);
        mapSet(out, key, read(r));
      }
      return out;
    }
    case SetTag: {
      const out = keep(r, new SetCtor());
      for (let n = varint(r); n > 0; n--) setAdd(out, read(r));
      return out;
    }
    case Buffer: {
      const n = varint(r);
      r.at += n;
      return keep(r, bufferOf(copyOf(part(r.b, r.at - n, r.at))));
    }
    case View: {
      const at = r.seen.length;
      keep(r, undefined);
      const kind = views[r.b[r.at++]!]!;
      const Ctor = viewClasses[kind[0]];
      const width = kind[1];
      const buffer = read(r);
      const from = varint(r);
      return (r.seen[at] = new Ctor(buffer, from, varint(r) / width));
    }
    case Boxed: {
      const at = r.seen.length;
      keep(r, undefined);
      return (r.seen[at] = ObjectCtor(read(r)));
    }
    case ErrorTag: {
      const kind = r.b[r.at++]!;
      const Ctor = kind < errors.length ? errorClasses[errors[kind]!] : ErrorCtor;
      const e = keep(r, new Ctor(text(r)));
      hide(e, "stack", text(r));
      if (r.b[r.at++] === 1) hide(e, "cause", read(r));
      return e;
    }
  }
  throw new ErrorCtor("A stored value is of a newer version of Flora, or damaged");
}

/** The value of cloneToBytes' bytes, from the byte of the version on. */
export function bytesToClone(b: Uint8Array, at: number): unknown {
  if (b[at] !== version) throw new ErrorCtor(`A stored value has format ${b[at]}, which this version of Flora does not know`);
  return read({ b, at: at + 1, seen: list() });
}

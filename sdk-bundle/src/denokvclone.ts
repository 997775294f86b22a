// Values of Deno.Kv as bytes. Each value is a tag and what belongs to it; objects
// are numbered as they come, and one that comes again is its number, so that
// cycles and shared parts stay what they are.
import { Uint8ArrayCtor, copyInto, copyOf, lengthOf, part, viewOf } from "./bytes";
import { interfaceOf } from "./clone";
import { Again, ArrayTag, Big, Boxed, Buffer, DateTag, Double, ErrorTag, False, Hole, Int, MapTag, Null, Plain, Regex, SetTag, Text, True, Undefined, View } from "./denokvformat";
import { double, doubleBytes, errors, exceptionKind, textBytes, version, views } from "./denokvformat";
import { DOMException, isDOMException } from "./exception";
import { classOf, kindOf } from "./kinds";
import {
  ArrayIsArray,
  MapCtor,
  MathFloor,
  ObjectKeys,
  RangeErrorCtor,
  TypeErrorCtor,
  add,
  bigintToString,
  dateValue,
  hasOwn,
  isDetached,
  isView,
  list,
  mapGet,
  mapKeys,
  mapNext,
  mapSet,
  regExpFlags,
  regExpSource,
  setNext,
  setValues,
  slice,
  wrappers,
} from "./primordials";
import { viewInfo } from "./views";

const deepest = 200;

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
  if (isView(v)) return writeView(w, v, depth);
  const kind = kindOf(v);
  switch (kind) {
    case "function":
      return refuse("A function");
    case "opaque":
      return refuse(`A ${classOf(v)}`);
    case "buffer": {
      if (isDetached(v)) refuse("An ArrayBuffer that is detached");
      const b = viewOf(v, "the value");
      w.byte(Buffer);
      w.varint(lengthOf(b));
      return w.raw(b);
    }
    case "date":
      w.byte(DateTag);
      return w.number(dateValue(v));
    case "map":
      return writeMap(w, v, depth);
    case "set":
      return writeSet(w, v, depth);
    case "error":
      return writeError(w, v, depth);
    case "wrapped":
      return writeWrapped(w, v, depth);
    case "regexp":
      return writeRegExp(w, v);
  }
  const name = interfaceOf(v);
  if (name !== undefined) refuse(`A ${name}`);
  const keys = ObjectKeys(v);
  w.byte(Plain);
  w.varint(keys.length);
  for (let i = 0; i < keys.length; i++) {
    w.text(keys[i]!);
    write(w, v[keys[i]!], depth);
  }
}

function writeView(w: Writer, v: ArrayBufferView, depth: number): void {
  const { buffer, offset, count, name } = viewInfo(v);
  let kind = 0;
  while (kind < views.length && views[kind] !== name) kind++;
  w.byte(View);
  w.byte(kind);
  write(w, buffer, depth);
  w.varint(offset);
  w.varint(count);
}

/** Getters below may change a map or a set: what is in it now counts. */
function writeMap(w: Writer, v: any, depth: number): void {
  const all = list<unknown>();
  const keys = mapKeys(v);
  for (let step = mapNext(keys); step.done !== true; step = mapNext(keys)) {
    add(all, step.value);
    add(all, mapGet(v, step.value));
  }
  w.byte(MapTag);
  w.varint(all.length / 2);
  for (let i = 0; i < all.length; i++) write(w, all[i], depth);
}

function writeSet(w: Writer, v: any, depth: number): void {
  const all = list<unknown>();
  const values = setValues(v);
  for (let step = setNext(values); step.done !== true; step = setNext(values)) add(all, step.value);
  w.byte(SetTag);
  w.varint(all.length);
  for (let i = 0; i < all.length; i++) write(w, all[i], depth);
}

function writeWrapped(w: Writer, v: any, depth: number): void {
  for (let i = 0; i < wrappers.length; i++) {
    let value: unknown;
    try {
      value = wrappers[i]![2](v);
    } catch {
      continue; // It is another.
    }
    w.byte(Boxed);
    return write(w, value, depth);
  }
}

function writeRegExp(w: Writer, v: any): void {
  w.byte(Regex);
  w.text(regExpSource(v));
  let flags = "";
  for (let i = 0; i < regExpFlags.length; i++) if (regExpFlags[i]![1](v)) flags += regExpFlags[i]![0];
  w.text(flags);
}

function writeError(w: Writer, v: any, depth: number): void {
  const exception = isDOMException(v);
  let kind = exception ? exceptionKind : 0;
  if (!exception) while (kind < errors.length && errors[kind] !== v.name) kind++;
  w.byte(ErrorTag);
  w.byte(kind);
  if (exception) w.text(`${v.name}`);
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

// The inverse of denokvclone: values of Deno.Kv from their bytes.
import { bufferOf, copyOf, lengthOf, part } from "./bytes";
import { Again, ArrayTag, Big, Boxed, Buffer, DateTag, Double, ErrorTag, False, Hole, Int, MapTag, Null, Plain, Regex, SetTag, Text, True, Undefined, View } from "./denokvformat";
import { bytesText, double, doubleBytes, errors, exceptionKind, version, views } from "./denokvformat";
import { DOMException } from "./exception";
import {
  BigIntOf,
  DateCtor,
  ErrorCtor,
  MapCtor,
  ObjectCtor,
  RegExpCtor,
  SetCtor,
  add,
  errorClasses,
  hide,
  list,
  mapSet,
  put,
  setAdd,
  slice,
  startsWith,
} from "./primordials";
import { makeView } from "./views";


interface Reader {
  b: Uint8Array;
  at: number;
  seen: unknown[];
}

function damaged(): Error {
  return new ErrorCtor("A stored value is of a newer version of Flora, or damaged");
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
  if (!(n <= lengthOf(r.b) - from)) throw damaged();
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
      const name = views[r.b[r.at++]!]!;
      const buffer = read(r);
      const from = varint(r);
      return (r.seen[at] = makeView(name, buffer, from, varint(r)));
    }
    case Boxed: {
      const at = r.seen.length;
      keep(r, undefined);
      return (r.seen[at] = ObjectCtor(read(r)));
    }
    case ErrorTag: {
      const kind = r.b[r.at++]!;
      const name = kind === exceptionKind ? text(r) : "";
      const Ctor = kind < errors.length ? errorClasses[errors[kind]!] : ErrorCtor;
      const message = text(r);
      const e = keep(r, kind === exceptionKind ? new DOMException(message, name) : new Ctor(message));
      hide(e, "stack", text(r));
      if (r.b[r.at++] === 1) hide(e, "cause", read(r));
      return e;
    }
  }
  throw damaged();
}

/** The value of cloneToBytes' bytes, from the byte of the version on. */
export function bytesToClone(b: Uint8Array, at: number): unknown {
  if (b[at] !== version) throw new ErrorCtor(`A stored value has format ${b[at]}, which this version of Flora does not know`);
  return read({ b, at: at + 1, seen: list() });
}
